"""Width against filter size: narrower layers with larger filters, or the reverse.

Sections and equations are those of He & Sun (2015, section 4.3).
"""

from collections.abc import Iterator
from dataclasses import replace

from nas_tc.architecture import Plain, Stage
from nas_tc.architecture.blocks.fits import takes_filter, width_step
from nas_tc.replacement.depth_filter import FILTERS
from nas_tc.replacement.equations import solve_width, terms
from nas_tc.replacement.original import Original
from nas_tc.replacement.replacement import Replacement
from nas_tc.replacement.widths import priced_width, roundest_widths
from nas_tc.replacement.words import units


def trade_width_filter(original: Original) -> Iterator[Replacement]:
    """Replacements of a stage by as many layers with other filters, by Eqn. (9) and (10).

    The equations give the width that keeps the complexity; for other blocks than plain ones the
    complexity itself does. The last layer keeps its width, so a stage of one layer has nothing to
    trade.
    """
    for index, stage in original.unit_stages():
        if stage.padding is None and stage.depth > 1:
            for filter in FILTERS:
                if filter != stage.filter and takes_filter(stage.block, filter):
                    yield from _with_filter(original, index, stage, filter)


def _with_filter(
    original: Original, index: int, stage: Stage, filter: int
) -> Iterator[Replacement]:
    """Replacements with one filter size, with the whole widths nearest to the exact one."""

    def make(width: int) -> tuple[Stage, ...] | None:
        # No replacement if filters and width both grew, or both shrank: that trades nothing.
        traded = width > stage.width if filter < stage.filter else width < stage.width
        return (stage_of(width),) if traded else None

    def stage_of(width: int) -> Stage:
        return replace(stage, filter=filter, width=width)

    if stage.block == Plain():
        n_in = original.shapes[index][0]
        target = terms(n_in, stage.filter, stage.depth, stage.width, stage.last_width)
        exact = solve_width(n_in, filter, stage.depth, stage.last_width, target)
    else:
        step = width_step(stage.block)
        exact = priced_width(original, index, stage.width, step, stage_of) or 0.0
    for width, new, complexity in roundest_widths(original, index, exact, make):
        change = f"{units(stage, stage.width)} -> {units(new[0], width)}"
        yield original.replaced("width-filter", change, index, new, complexity)
