"""ResNets of basic blocks (He et al., "Deep residual learning for image recognition", 2016).

On large images the family is ResNet-18 (Table 1) and thinner, shallower networks. On small images
it has the layout of section 4.2: a 3x3 convolution, then stages of n blocks; n = 3 is ResNet-20.
Shortcuts are projected where shapes change (option B).
"""

from functools import partial

from nas_tc.architecture import Basic, Pool, Stage
from nas_tc.families.depths import WIDTH_STEP, deepened, described, forms_of
from nas_tc.families.family import Family, Form, Size
from nas_tc.families.sides import openings, stem

_NARROWEST = 4  # least scale: 16 channels, as in section 4.2
_STAGES = 4  # of blocks, as published
_DEPTHS = (3, 2, 1)  # blocks in each stage; with all four stages at most 2, as in ResNet-18


def _forms(side: int) -> tuple[Form, ...]:
    """Layouts for images of `side` pixels, the one with the most resolution and depth first.

    `early` counts the halvings of the map before the first stage of blocks.
    """
    layouts = [
        partial(_stages, side, early, (depth,) * stages)
        for early, stages in openings(side, _STAGES, most_early=2)
        for depth in _DEPTHS
        if stages < _STAGES or depth < 3
    ]
    return forms_of(layouts, _NARROWEST)


def _stages(side: int, early: int, depths: tuple[int, ...], size: Size) -> tuple[Stage, ...]:
    """The first convolution, which halves the map `early` times, and the stages of blocks."""
    width = WIDTH_STEP * size.scale
    filter, stride, pools = stem(early, side)
    found = [
        Stage(
            depth=1,
            width=width,
            filter=filter,
            stride=stride,
            pool=Pool(3, 2, 1) if pools else None,
            padding=filter // 2 if filter > 3 else None,
        )
    ]
    for number, depth in enumerate(deepened(depths, size.extra)):
        found.append(Stage(depth, width * 2**number, 3, stride=2 if number else 1, block=Basic()))
    return tuple(found)


RESNET = Family(
    "resnet",
    "He et al. 2016, Table 1 and section 4.2",
    _forms,
    partial(described, "block"),
    needs_norm=True,
)
