"""MobileNetV2 and its width multiplier (Sandler et al. 2018, Table 2 and section 6.1).

All widths times the multiplier, rounded to multiples of 8. On large images the last convolution
keeps its 1280 filters below a multiplier of 1, as published; on small ones, where it would be
most of the network, it is scaled too. Early strides are dropped where the map would end below 4
pixels, which makes the layout that is used for CIFAR-10.
"""

from functools import partial

from nas_tc.architecture import Stage
from nas_tc.families.family import Family, Form, Size
from nas_tc.families.sides import LARGE, halvings
from nas_tc.zoo.mobilenet import mobilenetv2_stages

_HALVINGS = 5
_LAST = 4  # pixels a side of the last map, at least
_NARROWEST = 35  # hundredths: the least multiplier of the paper


def _forms(side: int) -> tuple[Form, ...]:
    first = min(_HALVINGS, halvings(side, _LAST))
    last = min(_HALVINGS, halvings(side, 1))
    ways = [(kept, side < LARGE) for kept in range(first, last + 1)]
    if side >= LARGE:
        ways.append((last, True))
    return tuple(
        Form(
            stages=partial(_stages, kept, scales_last),
            smallest=5 if (kept, scales_last) == ways[-1] else _NARROWEST,
            largest=3200,
        )
        for kept, scales_last in ways
    )


def _stages(halvings: int, scales_last: bool, size: Size) -> tuple[Stage, ...]:
    return mobilenetv2_stages(size.scale / 100, halvings, scales_last=scales_last)


def _described(size: Size) -> str:
    return f"width multiplier {size.scale / 100:.2f}"


MOBILENETV2 = Family(
    "mobilenetv2", "Sandler et al. 2018, Table 2", _forms, _described, "relu6", needs_norm=True
)
