"""EfficientNet and its compound coefficient (Tan & Le 2019, Eqn. 3).

Depth times 1.2^phi and width times 1.1^phi, from B0 at phi = 0; the resolution is that of the
images. Early strides are dropped where the map would end below 4 pixels.
"""

from functools import partial

from nas_tc.architecture import Stage
from nas_tc.families.family import Family, Form, Size
from nas_tc.families.sides import halvings
from nas_tc.zoo.efficientnet import compound_scaling, efficientnet_stages

_HALVINGS = 5
_LAST = 4  # pixels a side of the last map, at least
_STEPS = 20  # of phi in a unit
_SMALLEST = -6 * _STEPS  # a third of the depth, a bit more than half of the width


def _forms(side: int) -> tuple[Form, ...]:
    first = min(_HALVINGS, halvings(side, _LAST))
    last = min(_HALVINGS, halvings(side, 1))
    return tuple(
        Form(
            stages=partial(_stages, kept),
            smallest=-30 * _STEPS if kept == last else _SMALLEST,
            largest=20 * _STEPS,
        )
        for kept in range(first, last + 1)
    )


def _stages(halvings: int, size: Size) -> tuple[Stage, ...]:
    scaling = compound_scaling(size.scale / _STEPS)
    return efficientnet_stages(scaling.width, scaling.depth, halvings)


def _described(size: Size) -> str:
    return f"phi {size.scale / _STEPS:.2f}"


EFFICIENTNET = Family(
    "efficientnet", "Tan & Le 2019, Table 1, Eqn. 3", _forms, _described, "silu", needs_norm=True
)
