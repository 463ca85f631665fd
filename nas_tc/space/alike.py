"""The member of a space that is most like a network from elsewhere.

Each stage keeps its block, its stride and the stride of its pooling. Its depth, widths, filter and
size of the pooling are as near as the choices allow: equal, or the next smaller or larger. No
pooling is one of size 1 with a stride of 1, so it may replace one that only filters.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from math import log2, prod
from typing import NamedTuple

from nas_tc.architecture import Architecture, Inception, Pool, Stage
from nas_tc.errors import ArchitectureError, SpaceError
from nas_tc.space.choices import StageChoices
from nas_tc.space.decoding import known_blocks, padding_of, pool_of
from nas_tc.space.space import Space

_MOST = 4096  # members that are compared


class _Alike(NamedTuple):
    """A stage of the space, and how far it is from the one that is wanted."""

    distance: float  # sum of the logarithms, to base 2, of the ratios of their numbers
    stage: Stage


def most_alike(
    space: Space, network: Architecture, fits: Callable[[Architecture], bool]
) -> Architecture | None:
    """The member of a space that is most like a network, among those that fit.

    Args:
        space: Space of the member.
        network: Network with the space's input, head, normalisation and classes.
        fits: Whether a network keeps all limits.

    Returns:
        The member; None if the space has none with as many stages of these blocks and strides, or
        none that fits.
    """
    if len(network.stages) > len(space.stages):
        return None
    kept = int(_MOST ** (1 / len(network.stages)))
    last = len(network.stages) - 1
    stages = [
        _stages_like(stage, choices, choices.block or space.blocks, is_last=place == last)[:kept]
        for place, (stage, choices) in enumerate(zip(network.stages, space.stages, strict=False))
    ]
    if not prod(map(len, stages)):
        return None
    for found in sorted(product(*stages), key=lambda each: sum(part.distance for part in each)):
        member = replace(network, stages=tuple(part.stage for part in found))
        if _is_member(space, member) and _fits(member, fits):
            return member
    return None


def _stages_like(
    wanted: Stage, choices: StageChoices, blocks: tuple[str, ...], *, is_last: bool
) -> list[_Alike]:
    """The stages among these choices that are like one, the nearest first."""
    if wanted.block not in known_blocks(blocks) or wanted.stride not in choices.stride:
        return []
    depths = _near(wanted.depth, [depth for depth in choices.depth if depth])
    if isinstance(wanted.block, Inception):  # which has a width of its own
        widths, last_widths = [(0.0, wanted.width)], [(0.0, 0)]
    else:
        widths = _near(wanted.width, choices.width)
        last_widths = _near(wanted.last_width, choices.last_width) or [(0.0, 0)]
    filters = _near(wanted.filter, choices.filter)
    pools = [(0.0, None)] if is_last else _near_pools(wanted.pool, choices.pool)
    found = []
    for depth, width, last, side, pool in product(depths, widths, last_widths, filters, pools):
        distance = sum(part[0] for part in (depth, width, last, side, pool))
        try:
            stage = replace(
                wanted,
                depth=depth[1],
                width=width[1],
                last_width=last[1],
                filter=side[1],
                pool=pool[1],
                padding=padding_of(choices.padding, wanted.block, side[1]),
            )
        except ArchitectureError:  # a block that has no filters of this size
            continue
        found.append(_Alike(distance, stage))
    return sorted(found, key=lambda each: each.distance)


def _near(wanted: int, choices: Sequence[int]) -> list[tuple[float, int]]:
    """The choice itself, or the next smaller and the next larger, with their distances."""
    if wanted in choices:
        return [(0.0, wanted)]
    below = [choice for choice in choices if choice < wanted]
    above = [choice for choice in choices if choice > wanted]
    near = [*([max(below)] if below else []), *([min(above)] if above else [])]
    return [(abs(log2(choice / wanted)), choice) for choice in near]


def _near_pools(wanted: Pool | None, choices: Sequence[str]) -> list[tuple[float, Pool | None]]:
    """The pooling itself, or those with its stride; None: there is no pooling."""
    pools = [pool_of(choice) for choice in choices]
    if wanted in pools:
        return [(0.0, wanted)]
    size, stride = _size_and_stride(wanted)
    found = [(pool, *_size_and_stride(pool)) for pool in pools]
    return [(abs(log2(other / size)), pool) for pool, other, step in found if step == stride]


def _size_and_stride(pool: Pool | None) -> tuple[int, int]:
    return (1, 1) if pool is None else (pool.size, pool.stride)


def _is_member(space: Space, network: Architecture) -> bool:
    try:
        return space.decode(space.encode(network)) == network
    except (SpaceError, ArchitectureError):
        return False


def _fits(network: Architecture, fits: Callable[[Architecture], bool]) -> bool:
    try:
        return fits(network)
    except ArchitectureError:  # its maps shrink to nothing
        return False
