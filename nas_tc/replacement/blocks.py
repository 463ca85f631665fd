"""One block against another: residual against plain pairs, narrow against full filters.

Sources: basic and bottleneck blocks, He et al., "Deep residual learning for image recognition"
(2016); separable convolutions, Howard et al., "MobileNets" (2017).
"""

from collections.abc import Iterator
from dataclasses import replace

from nas_tc.architecture import Basic, Block, Bottleneck, Plain, Separable, Stage
from nas_tc.architecture.blocks.fits import takes_filter, width_step
from nas_tc.replacement.depths import nearest_depth
from nas_tc.replacement.original import Original
from nas_tc.replacement.replacement import Replacement, TradeOff
from nas_tc.replacement.widths import priced_width, roundest_widths
from nas_tc.replacement.words import units

REDUCTIONS = (2, 4)
"""What bottlenecks divide their width by; 4 is published."""

_MOST_TIMES = 9  # largest ratio of depths: a 3x3 costs as much as nine separable ones, or nearly


def trade_basic_plain(original: Original) -> Iterator[Replacement]:
    """Pairs of plain convolutions as basic residual units, which add a shortcut, and back."""
    for index, stage in original.unit_stages():
        if stage.block == Plain() and stage.depth > 1:
            for depth in sorted({stage.depth // 2, -(-stage.depth // 2)}):
                yield from _swapped(original, "basic-plain", index, stage, Basic(), depth)
        elif stage.block == Basic():
            yield from _swapped(original, "basic-plain", index, stage, Plain(), 2 * stage.depth)


def trade_bottleneck_basic(original: Original) -> Iterator[Replacement]:
    """Basic units as wider or more bottlenecks, and back."""
    for index, stage in original.unit_stages():
        if stage.block == Basic():
            for reduction in REDUCTIONS:
                yield from _other(original, "bottleneck-basic", index, stage, Bottleneck(reduction))
        elif isinstance(stage.block, Bottleneck):
            yield from _other(original, "bottleneck-basic", index, stage, Basic())


def trade_separable_plain(original: Original) -> Iterator[Replacement]:
    """Full filters as wider or more separable ones, and back."""
    for index, stage in original.unit_stages():
        if stage.block == Plain():
            yield from _other(original, "separable-plain", index, stage, Separable())
        elif stage.block == Separable():
            yield from _other(original, "separable-plain", index, stage, Plain())


def _swapped(
    original: Original, trade_off: TradeOff, index: int, stage: Stage, block: Block, depth: int
) -> Iterator[Replacement]:
    """The stage with another block: as wide as before if that is within the tolerance."""
    if not takes_filter(block, stage.filter, stage.padding):
        return
    new = replace(stage, block=block, depth=depth)
    complexity = original.price(index, (new,))
    if original.admits(complexity):
        change = f"{units(stage)} -> {units(new)}"
        yield original.replaced(trade_off, change, index, (new,), complexity)
    else:
        yield from _as_wide_as_needed(original, trade_off, index, stage, block, depth)


def _other(
    original: Original, trade_off: TradeOff, index: int, stage: Stage, block: Block
) -> Iterator[Replacement]:
    """The stage with units of another block: more or fewer as wide ones, or as many."""
    if not takes_filter(block, stage.filter, stage.padding):
        return

    def make(depth: int) -> Stage:
        return replace(stage, block=block, depth=depth)

    most = stage.depth * _MOST_TIMES
    nearest = nearest_depth(original, index, make, original.complexity, most)
    if nearest is not None and original.admits(nearest[1]):
        new, complexity = nearest
        change = f"{units(stage)} -> {units(new)}"
        yield original.replaced(trade_off, change, index, (new,), complexity)
    yield from _as_wide_as_needed(original, trade_off, index, stage, block, stage.depth)


def _as_wide_as_needed(
    original: Original, trade_off: TradeOff, index: int, stage: Stage, block: Block, depth: int
) -> Iterator[Replacement]:
    """The stage with another block, the width solved; the last unit keeps its width."""
    if depth < 2:
        return

    def stage_of(width: int) -> Stage:
        return replace(stage, block=block, depth=depth, width=width)

    def make(width: int) -> tuple[Stage, ...] | None:
        return None if width == stage.width else (stage_of(width),)

    exact = priced_width(original, index, stage.width, width_step(block), stage_of)
    if exact is not None:
        for width, new, complexity in roundest_widths(original, index, exact, make):
            change = f"{units(stage, stage.width)} -> {units(new[0], width)}"
            yield original.replaced(trade_off, change, index, new, complexity)
