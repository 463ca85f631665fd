"""Depth against filter size: larger filters for a cascade of smaller ones (section 4.1)."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from nas_tc.architecture import Stage
from nas_tc.replacement.equations import terms
from nas_tc.replacement.original import Original
from nas_tc.replacement.replacement import Replacement
from nas_tc.replacement.words import layers

FILTERS = (2, 3, 5, 7)
"""The sides of the filters that there are in the paper, pixels."""


def trade_depth_filter(original: Original) -> Iterator[Replacement]:
    """More layers with smaller filters, or fewer with larger ones, as wide as they were.

    First one stage at a time, with every depth that the tolerance admits; then several stages in a
    row that have one filter size, each with the depth nearest to its complexity (Eqn. 3 to 5).
    """
    stages = {index: stage for index, stage in original.plain_stages() if stage.padding is None}
    for index, stage in stages.items():
        for filter in FILTERS:
            if filter != stage.filter:
                yield from _one_stage(original, index, stage, filter)
    for filter in FILTERS:
        nearest = {
            index: _nearest(original.shapes[index][0], stage, filter)
            for index, stage in stages.items()
        }
        for begin in stages:
            yield from _several_stages(original, begin, stages, nearest)


def _one_stage(original: Original, index: int, stage: Stage, filter: int) -> Iterator[Replacement]:
    deeper = filter < stage.filter
    beyond = 0
    for depth in count(stage.depth + 1) if deeper else range(stage.depth - 1, 0, -1):
        new = replace(stage, filter=filter, depth=depth)
        complexity = original.price(index, (new,))
        if original.admits(complexity):
            change = f"{layers(stage.depth, stage.filter)} -> {layers(depth, filter)}"
            yield original.replaced("depth-filter", change, index, (new,), complexity)
        # One even filter more may cost less, as it shrinks the maps behind; two more never do.
        beyond = beyond + 1 if complexity is None or complexity > original.high else 0
        if deeper and beyond == 2:
            return


def _several_stages(
    original: Original, begin: int, stages: dict[int, Stage], nearest: dict[int, Stage | None]
) -> Iterator[Replacement]:
    """The stages from `begin` on that have its filter size: the first two, three and so on."""
    old: list[Stage] = []
    new: list[Stage] = []
    for index in count(begin):
        replaced = nearest.get(index)
        if replaced is None or stages[index].filter != stages[begin].filter:
            return
        old.append(stages[index])
        new.append(replaced)
        if len(new) == 1:
            continue
        complexity = original.price(begin, new, removed=len(new))
        if original.admits(complexity):
            change = f"{_together(old)} -> {_together(new)}"
            yield original.replaced(
                "depth-filter", change, begin, new, complexity, removed=len(new)
            )


def _nearest(n_in: int, stage: Stage, filter: int) -> Stage | None:
    """The stage with other filters and the depth at which its terms, Eqn. (2), change least.

    None if the filters do not change, or the depth would not change the other way.
    """
    if filter == stage.filter:
        return None
    width, last_width = stage.width, stage.last_width
    target = terms(n_in, stage.filter, stage.depth, width, last_width)
    best, least = 0, target
    for depth in count(1):
        own = terms(n_in, filter, depth, width, last_width)
        if abs(own - target) < least:
            best, least = depth, abs(own - target)
        if own >= target:
            break
    traded = best > stage.depth if filter < stage.filter else 0 < best < stage.depth
    return replace(stage, filter=filter, depth=best) if traded else None


def _together(stages: list[Stage]) -> str:
    return layers(sum(stage.depth for stage in stages), stages[0].filter)
