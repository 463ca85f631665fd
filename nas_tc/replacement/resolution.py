"""The size of the images against width or depth.

The multipliers of Howard et al., "MobileNets" (2017, section 3.4), and the compound scaling of Tan
& Le, "EfficientNet" (2019), take the resolution as a factor beside the two. Images are scaled to
the input of a network (`docs/training.md`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil, log2, sqrt

from nas_tc.architecture import Architecture, Depthwise, Inception, Stage
from nas_tc.architecture.blocks.fits import width_step
from nas_tc.errors import ArchitectureError
from nas_tc.replacement.depths import nearest_depth
from nas_tc.replacement.original import Original
from nas_tc.replacement.replacement import Replacement
from nas_tc.replacement.words import units

_PARTS = 8  # of a side, to a power of two: 32 pixels change by 4, 224 by 32
_MOST_TIMES = 3  # largest ratio of depths, as elsewhere
_ROUNDEST = 32  # of widths, as elsewhere
_AROUND = (1.0, 0.98, 1.02, 0.95, 1.05)  # factors beside the exact one, before rounding


def trade_resolution_depth(original: Original) -> Iterator[Replacement]:
    """Smaller images and more units in one stage, or larger images and fewer."""
    for at in _resized(original):
        for index, stage in enumerate(original.architecture.stages):

            def make(depth: int, stage: Stage = stage) -> Stage:
                return replace(stage, depth=depth)

            most = stage.depth * _MOST_TIMES
            nearest = nearest_depth(at, index, make, original.complexity, most)
            if nearest is None or not original.admits(nearest[1]):
                continue
            new, complexity = nearest
            if (new.depth - stage.depth) * _growth(original, at) < 0:
                change = f"{_images(original, at)}, {units(stage)} -> {units(new)}"
                yield original.replaced(
                    "resolution-depth",
                    change,
                    index,
                    (new,),
                    complexity,
                    input=at.architecture.input,
                )


def trade_resolution_width(original: Original) -> Iterator[Replacement]:
    """Smaller images and wider stages, or larger images and narrower ones.

    All widths are multiplied by one factor, but for the last, so the head stays as it is.
    """
    stages = original.architecture.stages
    if any(isinstance(stage.block, Depthwise | Inception) for stage in stages):
        return
    for at in _resized(original):
        found = _widened(original, at)
        if found is not None:
            new, complexity = found
            pairs = list(zip(stages, new, strict=True))
            numbers = tuple(n for n, (one, other) in enumerate(pairs, start=1) if one != other)
            old, wide = (
                ", ".join(str(pair[side].width) for pair in pairs if pair[0] != pair[1])
                for side in (0, 1)
            )
            yield original.replaced(
                "resolution-width",
                f"{_images(original, at)}, widths {old} -> {wide}",
                0,
                new,
                complexity,
                removed=len(stages),
                changed=numbers,
                input=at.architecture.input,
            )


def _resized(original: Original) -> Iterator[Original]:
    """The network with other inputs, from half the side to twice, as far as its maps last."""
    channels, height, width = original.architecture.input
    side = min(height, width)
    step = 1 << max(0, round(log2(side / _PARTS)))
    for new in range(max(step, ceil(side / 2 / step) * step), 2 * side + 1, step):
        if new != side:
            input = (channels, round(height * new / side), round(width * new / side))
            try:
                yield Original.of(original.architecture.at(input), 0.0)
            except ArchitectureError:
                continue


def _widened(original: Original, at: Original) -> tuple[tuple[Stage, ...], int] | None:
    """The stages with all widths times a factor, at the roundest widths that are admitted."""
    exact = _factor(at, original.complexity)
    wider = _growth(original, at) < 0
    rounding = _ROUNDEST
    while rounding:
        priced = []
        for near in _AROUND:
            new = _scaled(original.architecture, exact * near, rounding, wider=wider)
            complexity = None if new is None else at.price(0, new, removed=len(new))
            if new is not None and original.admits(complexity):
                priced.append((new, complexity))
        if priced:
            return min(priced, key=lambda each: abs(each[1] - original.complexity))
        rounding //= 2
    return None


def _factor(at: Original, target: int) -> float:
    """The factor of all widths that keeps the complexity, but for rounding.

    The layers between two widths grow with its square, the first and the last one with itself.
    """
    once = at.complexity
    twice_stages = _scaled(at.architecture, 2.0, 1, wider=True)
    twice = None if twice_stages is None else at.price(0, twice_stages, removed=len(twice_stages))
    if twice is None or twice <= 2 * once:
        return target / once
    square = (twice - 2 * once) / 2
    linear = once - square
    return (sqrt(linear**2 + 4 * square * target) - linear) / (2 * square)


def _scaled(
    network: Architecture, factor: float, rounding: int, *, wider: bool
) -> tuple[Stage, ...] | None:
    """The stages with widths times a factor; None if that does not make them wider, or narrower."""
    stages = network.stages
    new = []
    for place, stage in enumerate(stages, start=1):
        step = width_step(stage.block)
        last = stage.last_width
        if place < len(stages):
            last = _rounded(stage.last_width * factor, rounding, step)
        width = _rounded(stage.width * factor, rounding, step) if stage.depth > 1 else last
        new.append(replace(stage, width=width, last_width=last))
    return tuple(new) if _grows(stages, new) == wider else None


def _grows(old: Sequence[Stage], new: Sequence[Stage]) -> bool | None:
    """Whether all widths that differ are larger; None if none differs, or some are smaller, too."""
    pairs = [
        pair
        for one, other in zip(old, new, strict=True)
        for pair in zip((one.width, one.last_width), (other.width, other.last_width), strict=True)
        if pair[0] != pair[1]
    ]
    ways = {after > before for before, after in pairs}
    return ways.pop() if len(ways) == 1 else None


def _rounded(width: float, rounding: int, step: int) -> int:
    """The multiple of `step` next to a width, and of `rounding` or, for narrow ones, less."""
    unit = max(1, min(rounding, (1 << max(0, int(width).bit_length() - 1)) // 4))
    unit = unit * step if unit % step else unit
    return max(step, round(width / unit) * unit)


def _growth(original: Original, at: Original) -> int:
    """Above 0 if the images are larger than the original's."""
    return at.architecture.input[1] - original.architecture.input[1]


def _images(original: Original, at: Original) -> str:
    return f"{original.architecture.resolution} -> {at.architecture.resolution} images"
