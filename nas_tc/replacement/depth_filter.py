"""Depth against filter size: a cascade of smaller filters for larger ones (section 4.1)."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from nas_tc.architecture import Stage
from nas_tc.architecture.blocks.fits import takes_filter
from nas_tc.replacement.equations import terms
from nas_tc.replacement.original import Original
from nas_tc.replacement.replacement import Replacement
from nas_tc.replacement.words import layers, units

FILTERS = (2, 3, 5, 7)
"""The sides of the filters that there are in the paper, pixels."""


def trade_depth_filter(original: Original) -> Iterator[Replacement]:
    """More layers with smaller filters, or fewer with larger ones, as wide as they were.

    First one stage at a time, with every depth that the tolerance admits. Then several stages in a
    row that have one filter size, each with the depth nearest to its complexity (Eqn. 3 to 5).
    """
    for index, stage in original.unit_stages():
        for filter in FILTERS:
            if stage.padding is None and takes_filter(stage.block, filter):
                yield from _one_stage(original, index, stage, filter)
    stages = {index: stage for index, stage in original.plain_stages() if stage.padding is None}
    for filter in FILTERS:
        nearest = {
            index: _nearest(original.shapes[index][0], stage, filter)
            for index, stage in stages.items()
        }
        for begin in stages:
            yield from _several_stages(original, begin, stages, nearest)


def _one_stage(original: Original, index: int, stage: Stage, filter: int) -> Iterator[Replacement]:
    for depth in _depths(stage, filter):
        new = replace(stage, filter=filter, depth=depth)
        complexity = original.price(index, (new,))
        if original.admits(complexity):
            change = f"{units(stage)} -> {units(new)}"
            yield original.replaced("depth-filter", change, index, (new,), complexity)


def _depths(stage: Stage, filter: int) -> range:
    """Depths to try: more for smaller filters, fewer for larger; none for the same.

    Where all layers are equally wide a 5x5 costs as much as 25/4 of 2x2, so at most seven replace
    it, however cheap the stage is in its network. The same holds for the reverse.
    """
    if filter < stage.filter:
        times = -(-(stage.filter**2) // filter**2)
        return range(stage.depth + 1, stage.depth * times + 1)
    times = -(-(filter**2) // stage.filter**2)
    return range(-(-stage.depth // times), stage.depth)


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
    """The stage with other filters, at the depth that changes its terms, Eqn. (2), least."""
    width, last_width = stage.width, stage.last_width
    target = terms(n_in, stage.filter, stage.depth, width, last_width)
    depth = min(
        _depths(stage, filter),
        key=lambda depth: abs(terms(n_in, filter, depth, width, last_width) - target),
        default=None,
    )
    return None if depth is None else replace(stage, filter=filter, depth=depth)


def _together(stages: list[Stage]) -> str:
    return layers(sum(stage.depth for stage in stages), stages[0].filter)
