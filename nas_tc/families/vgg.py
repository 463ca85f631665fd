"""Plain networks like VGG (Simonyan & Zisserman, 2015, Table 1).

They have 3x3 convolutions, a 2x2 pooling between stages, and widths that double from stage to stage
up to eight times the first.
Configuration D has 2, 2, 3, 3 and 3 convolutions in its stages, B has 2 in each. On small images
there are fewer stages, of 2 each.
"""

from functools import partial

from nas_tc.architecture import Pool, Stage
from nas_tc.families.depths import WIDTH_STEP, deepened, described, forms_of
from nas_tc.families.family import Family, Form, Size
from nas_tc.families.sides import openings, stem

_NARROWEST = 5  # least scale: 20 channels
_STAGES = 5  # as published
_DEPTHS = ((2, 2, 3, 3, 3), (2, 2, 2, 2, 2))  # configurations D and B


def _forms(side: int) -> tuple[Form, ...]:
    """Layouts for images of `side` pixels, the one with the most resolution and depth first.

    `early` counts the halvings of the map before the first stage.
    """
    layouts = [
        partial(_stages, side, early, depths)
        for early, stages in openings(side, _STAGES, most_early=0)
        for depths in (_DEPTHS if stages == _STAGES else ((2,) * stages,))
    ]
    return forms_of(layouts, _NARROWEST)


def _stages(side: int, early: int, depths: tuple[int, ...], size: Size) -> tuple[Stage, ...]:
    """The stages of a network that halves the map `early` times before its first full stage."""
    width = WIDTH_STEP * size.scale
    filter, stride, pools = stem(early, side)
    found = [Stage(1, width, filter, stride=stride, pool=Pool(2, 2))] if pools else []
    last = len(depths) - 1
    for number, depth in enumerate(deepened(depths, size.extra)):
        found.append(
            Stage(
                depth=depth,
                width=width * min(2**number, 8),
                filter=3,
                stride=stride if number == 0 and not pools else 1,
                pool=Pool(2, 2) if number < last else None,
            )
        )
    return tuple(found)


VGG = Family("vgg", "Simonyan & Zisserman 2015, Table 1", _forms, partial(described, "convolution"))
