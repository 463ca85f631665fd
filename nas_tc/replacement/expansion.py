"""The expansion of inverted residuals against their number or their width.

Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks" (2018), section 3.3.
"""

from collections.abc import Iterator
from dataclasses import replace

from nas_tc.architecture import Inverted, Stage
from nas_tc.replacement.depths import nearest_depth
from nas_tc.replacement.original import Original
from nas_tc.replacement.replacement import Replacement
from nas_tc.replacement.widths import priced_width, roundest_widths
from nas_tc.replacement.words import units

EXPANSIONS = (1, 2, 3, 4, 6, 8)
"""Factors to try; 6 is published, and 1 for the first stage."""

_MOST_TIMES = 3  # largest ratio of depths, as elsewhere


def trade_expansion_depth(original: Original) -> Iterator[Replacement]:
    """More units that expand less, or fewer that expand more."""
    for index, stage, block in _expanded(original):

        def make(depth: int, stage: Stage = stage, block: Inverted = block) -> Stage:
            return replace(stage, block=block, depth=depth)

        most = stage.depth * _MOST_TIMES
        nearest = nearest_depth(original, index, make, original.complexity, most)
        if nearest is None or not original.admits(nearest[1]):
            continue
        new, complexity = nearest
        if (new.depth - stage.depth) * (block.expansion - _expansion(stage)) < 0:
            change = f"{units(stage)} -> {units(new)}"
            yield original.replaced("expansion-depth", change, index, (new,), complexity)


def trade_expansion_width(original: Original) -> Iterator[Replacement]:
    """As many units, wider ones that expand less or narrower ones that expand more."""
    for index, stage, block in _expanded(original):
        if stage.depth > 1:
            yield from _at_width(original, index, stage, block)


def _at_width(
    original: Original, index: int, stage: Stage, block: Inverted
) -> Iterator[Replacement]:
    """Replacements with one expansion, with the whole widths nearest to the exact one."""

    def stage_of(width: int) -> Stage:
        return replace(stage, block=block, width=width)

    def make(width: int) -> tuple[Stage, ...] | None:
        traded = (width - stage.width) * (block.expansion - _expansion(stage)) < 0
        return (stage_of(width),) if traded else None

    exact = priced_width(original, index, stage.width, 1, stage_of)
    if exact is not None:
        for width, new, complexity in roundest_widths(original, index, exact, make):
            change = f"{units(stage, stage.width)} -> {units(new[0], width)}"
            yield original.replaced("expansion-width", change, index, new, complexity)


def _expanded(original: Original) -> Iterator[tuple[int, Stage, Inverted]]:
    """Stages of inverted residuals, each with every other expansion."""
    for index, stage in original.unit_stages():
        if isinstance(stage.block, Inverted):
            for expansion in EXPANSIONS:
                if expansion != stage.block.expansion:
                    yield index, stage, replace(stage.block, expansion=expansion)


def _expansion(stage: Stage) -> int:
    assert isinstance(stage.block, Inverted)
    return stage.block.expansion
