"""The space around a network: what layer replacements reach from it."""

from dataclasses import replace
from itertools import pairwise
from math import lcm

from nas_tc.architecture import (
    KEEPS_MAP,
    Architecture,
    Block,
    Depthwise,
    Inception,
    Plain,
    Pool,
    Stage,
    format_block,
    format_pool,
    parse_block,
    walk_parts,
)
from nas_tc.architecture.blocks.fits import takes_filter, width_step
from nas_tc.space.choices import StageChoices
from nas_tc.space.reach import Reach
from nas_tc.space.space import Space

_FILTERS = (2, 3, 5, 7, 9, 11)  # sides to step to, pixels
_WIDTHS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)  # factors to step to
_MOST_DEPTHS = 5  # choices of a stage's depth
_RELATED = {  # blocks that replacements turn a block into, by its name
    "plain": ("basic",),
    "separable": ("plain", "inverted[3]"),
    "basic": ("plain", "bottleneck"),
    "bottleneck": ("basic", "bottleneck[reduction=2]"),
    "inverted": ("inverted[3]", "inverted[4]", "inverted[6]", "inverted[6,se=4]"),
}
_LEAST_MAP = 4  # pixels: a smaller last map has no room for one more pooling


def space_around(network: Architecture, name: str, reach: Reach | None = None) -> Space:
    """The space of a network's neighbours, with its input, head and normalisation.

    Each stage may be deeper or shallower, wider or narrower, with larger or smaller filters;
    strides move between a pooling and the convolution behind it; a stage on smaller maps may
    follow. These are the trade-offs of He & Sun (2015, section 4), all at once. The search keeps
    the cost.

    Args:
        network: Network in the middle of the space.
        name: Name of the space.
        reach: Bounds of the space; None: the default ones.

    Raises:
        ArchitectureError: The network does not exist.
    """
    bounds = reach or Reach()
    stages = [
        _choices(network, index, bounds, is_last=index == len(network.stages) - 1)
        for index in range(len(network.stages))
    ]
    last_map = list(walk_parts(network))[-2][-1].output[1:]
    last = network.stages[-1]
    can_follow = min(last_map) >= _LEAST_MAP and last.pool is None and last.filter > 1
    if bounds.stage and can_follow and not _binds_widths(last.block):
        another = _another(stages[-1])
        stages[-1] = replace(stages[-1], pool=("2/2", "3/2", "none"))
        stages.append(another)
    return Space(
        name=name,
        input=network.input,
        head=network.head,
        stages=tuple(stages),
        norm=network.norm,
        classes=network.classes,
        description="what layer replacements reach from a network",
        activations=(network.activation,),
    )


def _choices(network: Architecture, index: int, reach: Reach, *, is_last: bool) -> StageChoices:
    stage = network.stages[index]
    before = network.stages[index - 1].pool if index else None
    behind = network.stages[index + 1].block if not is_last else None
    own = format_block(stage.block)
    filters = _filters(stage, reach)
    fixed = StageChoices(
        depth=_depths(stage.depth, reach),
        width=(stage.width,),
        filter=filters,
        last_width=(stage.last_width,) if stage.last_width != stage.width else (),
        stride=_strides(stage, before, reach, is_first=index == 0),
        pool=("none",) if is_last else _pools(stage.pool, reach),
        block=(own,),
        padding=stage.padding,
    )
    if _binds_widths(stage.block) or (behind is not None and _binds_widths(behind)):
        return fixed
    widths = _widths(stage.width, reach, width_step(stage.block))
    last = _widths(stage.last_width, reach, width_step(stage.block)) if fixed.last_width else ()
    varied = replace(fixed, width=widths, last_width=last)
    if not reach.block or index == 0 or stage.padding is not None or stage.filter == 1:
        return varied
    related = [own]
    for text in _RELATED.get(own.partition("[")[0], ()):
        block = parse_block(text)
        takes_all = all(takes_filter(block, side) for side in filters)
        divides = not any(width % width_step(block) for width in (*widths, *last))
        if takes_all and divides:
            related.append(text)
    return replace(varied, block=tuple(dict.fromkeys(related)))


def _binds_widths(block: Block) -> bool:
    """Whether a block ties its width to that of the stage before it, or has one of its own."""
    return isinstance(block, Depthwise | Inception) or (
        isinstance(block, Plain) and block.groups > 1
    )


def _depths(depth: int, reach: Reach) -> tuple[int, ...]:
    """Depths within the bounds, as many as a search can tell apart, the network's among them."""
    least, most = max(1, round(depth * reach.depth[0])), max(depth, round(depth * reach.depth[1]))
    found = list(range(least, most + 1))
    while len(found) > _MOST_DEPTHS:
        # The closest two are least apart in their effect.
        gaps = {b: b / a for a, b in pairwise(found) if b != depth}
        found.remove(min(gaps, key=lambda each: gaps[each]))
    return tuple(found)


def _widths(width: int, reach: Reach, divisor: int = 1) -> tuple[int, ...]:
    """Round widths within the bounds, all multiples of `divisor`, and the network's own."""
    least, most = reach.width
    step = lcm(8 if width >= 32 else 4 if width >= 12 else 1, divisor)
    scaled = [width * factor for factor in _WIDTHS if least <= factor <= most and factor != 1]
    return tuple(sorted({width, *(max(step, round(each / step) * step) for each in scaled)}))


def _filters(stage: Stage, reach: Reach) -> tuple[int, ...]:
    """The network's filter, and the next smaller and larger ones.

    A 1x1 mixes channels, and stays so. A padding of the network's own belongs to its filter, and a
    block that keeps its map has odd filters. Even filters are for plain convolutions that have
    them; a user may name them.
    """
    own = stage.filter
    if stage.padding is not None or own == 1:
        return (own,)
    keeps = isinstance(stage.block, KEEPS_MAP)
    if reach.filter is not None:
        return tuple(sorted({own, *(side for side in reach.filter if side % 2 or not keeps)}))
    is_even = own % 2 == 0
    known = [side for side in _FILTERS if side % 2 or is_even]
    smaller = [side for side in known if side < own]
    larger = [side for side in known if side > own]
    return tuple(sorted({own, *smaller[-1:], *larger[:1]}))


def _strides(stage: Stage, before: Pool | None, reach: Reach, *, is_first: bool) -> tuple[int, ...]:
    """The stage's stride, none, and that of the pooling before it."""
    if not reach.stride or isinstance(stage.block, Inception):
        return (stage.stride,)
    moved = {before.stride} if before is not None else set()
    begun = {2} if is_first else set()
    return tuple(sorted({stage.stride, 1, *moved, *begun}))


def _pools(pool: Pool | None, reach: Reach) -> tuple[str, ...]:
    """The stage's pooling first, then other windows, its stride moved away, and none."""
    found = [] if pool is None else [format_pool(pool)]
    if pool is None:
        found = ["none", *(["2/2"] if reach.pool else [])]
    elif reach.pool:
        found += [f"2/{pool.stride}", f"3/{pool.stride}", "none"]
    if pool is not None and pool.stride > 1 and reach.stride:
        found.append(f"{pool.size}/1")
    return tuple(dict.fromkeys(found))


def _another(last: StageChoices) -> StageChoices:
    """A stage behind the last one, which may be left out (section 4.5)."""
    ends = last.last_width or last.width
    return replace(
        last,
        depth=(0, 1, 2),
        width=tuple(width for width in ends if width >= sorted(ends)[len(ends) // 2]),
        last_width=(),
        stride=(1,),
        pool=("none",),
    )
