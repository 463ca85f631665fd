"""Depth against width: more and narrower layers, or the reverse (He & Sun 2015, section 4.2)."""

from collections.abc import Iterator
from dataclasses import replace

from nas_tc.architecture import Plain, Stage
from nas_tc.architecture.blocks.fits import width_step
from nas_tc.replacement.equations import solve_width, terms
from nas_tc.replacement.original import Original
from nas_tc.replacement.replacement import Replacement
from nas_tc.replacement.widths import priced_width, roundest_widths
from nas_tc.replacement.words import units

_MOST_TIMES = 3  # largest ratio of depths: A has three layers where the paper's G has nine


def trade_depth_width(original: Original) -> Iterator[Replacement]:
    """Replacements of a stage by a third to three times as many layers, by Eqn. (6) to (8).

    The equations give the width that keeps the complexity; for other blocks than plain ones the
    complexity itself does. The last layer keeps its width, so that the input of the next stage
    stays the same.
    """
    for index, stage in original.unit_stages():
        for depth in range(-(-stage.depth // _MOST_TIMES), stage.depth * _MOST_TIMES + 1):
            if depth != stage.depth:
                yield from _at_depth(original, index, stage, depth)


def _at_depth(original: Original, index: int, stage: Stage, depth: int) -> Iterator[Replacement]:
    """Replacements at one depth, with the whole widths nearest to the exact one."""

    def make(width: int) -> tuple[Stage, ...] | None:
        # No replacement if depth and width both grew, or both fell: that trades nothing.
        if depth == 1:
            traded = width == stage.last_width  # the last layer alone, as wide as it was
        else:
            traded = width < stage.width if depth > stage.depth else width > stage.width
        return (replace(stage, depth=depth, width=width),) if traded else None

    n_in, exact = original.shapes[index][0], float(stage.last_width)
    if depth > 1 and stage.block != Plain():
        step = width_step(stage.block)

        def stage_of(width: int) -> Stage:
            return replace(stage, depth=depth, width=width)

        exact = priced_width(original, index, stage.width, step, stage_of) or 0.0
    elif depth > 1:
        target = terms(n_in, stage.filter, stage.depth, stage.width, stage.last_width)
        exact = solve_width(n_in, stage.filter, depth, stage.last_width, target)
    for width, new, complexity in roundest_widths(original, index, exact, make):
        change = f"{units(stage, stage.width)} -> {units(new[0], width)}"
        yield original.replaced("depth-width", change, index, new, complexity)
