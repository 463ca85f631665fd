"""J' of He & Sun, "Convolutional Neural Networks at Constrained Time Cost" (2015, Table 2).

Four stages whose widths stand as 1 : 2 : 4 : 36, 2x2 filters behind the first, every subsampling
delayed. For small images, and for budgets that the published layout cannot reach, each stride of
3 becomes 2, the first filter is 3x3 below 96 pixels, and stages that would shrink the map below 4
pixels are left out, the last one first.
"""

from functools import partial

from nas_tc.architecture import Pool, Stage
from nas_tc.families.depths import WIDTH_STEP, deepened, described, forms_of
from nas_tc.families.family import Family, Form, Size
from nas_tc.families.sides import LARGE, halvings

_NARROWEST = 3  # steps
_STAGES = 3  # behind the first
_LAST = 4  # pixels a side of the last map, at least
_PUBLISHED = 112  # pixels a side of images for which the published strides leave enough of the map


def _forms(side: int) -> tuple[Form, ...]:
    most = halvings(side, _LAST)
    first = max(0, most - _STAGES)
    layouts = [
        partial(_stages, side, early, min(_STAGES, most - early))
        for early in range(first, most or 1)
    ]
    published = [_published] if side >= _PUBLISHED else []
    return forms_of([*published, *layouts], _NARROWEST)


def _published(size: Size) -> tuple[Stage, ...]:
    width = WIDTH_STEP * size.scale
    _, second, third = deepened((1, 4, 4), size.extra)
    return (
        Stage(1, width, 7, stride=2, pool=Pool(3, 1)),
        Stage(second, 2 * width, 2, stride=3, pool=Pool(2, 1)),
        Stage(third, 4 * width, 2, stride=2, pool=Pool(3, 1)),
        Stage(2, 36 * width, 2, 4 * width, stride=3),
    )


def _stages(side: int, early: int, behind: int, size: Size) -> tuple[Stage, ...]:
    """A first convolution that halves the images `early` times, and `behind` stages behind it."""
    width, stride = WIDTH_STEP * size.scale, 2**early
    depths = deepened((1, 4, 4)[: behind + 1], size.extra)
    filter = max(7 if side >= LARGE else 3, 2 * stride - 1)
    found = [Stage(depths[0], width, filter, stride=stride, pool=_delayed(behind > 0))]
    for number, depth in enumerate(depths[1:], start=1):
        pool = _delayed(number < behind)
        found.append(Stage(depth, width * 2**number, 2, stride=2, pool=pool))
    if behind == _STAGES:
        found.append(Stage(2, 36 * width, 2, 4 * width, stride=2))
    return tuple(found)


def _delayed(is_followed: bool) -> Pool | None:
    return Pool(2, 1) if is_followed else None


HE_SUN = Family(
    "he-sun", "He & Sun 2015, Table 2, network J'", _forms, partial(described, "convolution")
)
