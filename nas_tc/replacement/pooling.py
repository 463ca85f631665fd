"""Map size against width: a pooling, and wider layers behind it (section 4.5)."""

from collections.abc import Iterator
from dataclasses import replace

from nas_tc.architecture import Pool, Stage
from nas_tc.replacement.equations import solve_width, terms
from nas_tc.replacement.original import Original
from nas_tc.replacement.replacement import Replacement
from nas_tc.replacement.widths import roundest_widths
from nas_tc.replacement.words import layers

POOLS = (Pool(2, 2), Pool(3, 2), Pool(3, 3))


def trade_pooling(original: Original) -> Iterator[Replacement]:
    """Networks with one more pooling before their last, wider layers, or with one fewer.

    The paper adds it to the last stage alone, because the maps of all stages behind would shrink
    with it. The last layer keeps its width, and so does the head (Eqn. 11).
    """
    plain = dict(original.plain_stages())
    last = len(original.architecture.stages) - 1
    if last in plain:
        for pool in POOLS:
            for moved in range(2, plain[last].depth):
                yield from _added(original, last, pool, moved)
        if last - 1 in plain:
            yield from _removed(original, plain[last - 1], plain[last])


def _added(original: Original, index: int, pool: Pool, moved: int) -> Iterator[Replacement]:
    """The network with `pool` and a new stage of the last `moved` layers."""
    stage = original.architecture.stages[index]
    depth = stage.depth - moved
    before = replace(stage, depth=depth, last_width=stage.width, pool=pool, lrn="none")
    behind = replace(stage, depth=moved, stride=1)

    def make(width: int) -> tuple[Stage, ...] | None:
        return (before, replace(behind, width=width)) if width > stage.width else None

    target = pool.stride**2 * terms(stage.width, stage.filter, moved, stage.width, stage.last_width)
    exact = solve_width(stage.width, stage.filter, moved, stage.last_width, target)
    for width, new, complexity in roundest_widths(original, index, exact, make):
        change = f"{_named(pool)} before {_widened(behind, width)}"
        yield original.replaced("pooling", change, index, new, complexity)


def _removed(original: Original, before: Stage, behind: Stage) -> Iterator[Replacement]:
    """The network without its last pooling, the layers behind it as wide as those before it."""
    pool = before.pool
    if pool is None or pool.stride == 1 or behind.depth < 2 or behind.width <= before.width:
        return
    alike = (before.filter, before.padding, before.last_width, 1, "none")
    if (behind.filter, behind.padding, before.width, behind.stride, before.lrn) != alike:
        return
    depth, last_width = before.depth + behind.depth, behind.last_width
    merged = replace(before, depth=depth, last_width=last_width, pool=behind.pool, lrn=behind.lrn)
    index = len(original.architecture.stages) - 2
    complexity = original.price(index, (merged,), removed=2)
    if original.admits(complexity):
        change = f"no {_named(pool)} before {_widened(behind, before.width)}"
        yield original.replaced("pooling", change, index, (merged,), complexity, removed=2)


def _named(pool: Pool) -> str:
    return f"{pool.size}/{pool.stride} pooling"


def _widened(stage: Stage, width: int) -> str:
    return f"{layers(stage.depth, stage.filter, stage.width)} -> of {width}"
