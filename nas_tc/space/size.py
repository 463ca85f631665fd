"""The number of networks in a space, and its cheapest and costliest, without a list of them.

Stages meet only in the map and the channels between them. So the networks from a stage on are
counted once for each of these (dynamic programming over the levels of the space's graph).
"""

from functools import lru_cache
from typing import Literal

from nas_tc.architecture import Architecture
from nas_tc.errors import SpaceError
from nas_tc.space.space import Space


@lru_cache(maxsize=16)
def count_networks(space: Space) -> int:
    """Number of different networks of the space, without those that do not exist.

    A network does not exist if a map shrinks to nothing, or if a block does not fit the channels
    before it.

    Args:
        space: Space to count.

    Raises:
        SpaceError: A stage has too many choices.
    """
    import numpy as np  # noqa: PLC0415 - keeps nas-tc --help quick

    from nas_tc.space.graph import network_graph  # noqa: PLC0415

    ways = {0: 1}  # node behind the level to the number of networks from there on
    for level in reversed(network_graph(space).levels):
        nodes = int(level.dst.max(initial=0)) + 1
        edges, many = np.unique(level.src * nodes + level.dst, return_counts=True)
        before: dict[int, int] = {}
        for edge, each in zip(edges.tolist(), many.tolist(), strict=True):
            src, dst = divmod(edge, nodes)
            before[src] = before.get(src, 0) + each * ways.get(dst, 0)
        ways = before
    return ways.get(0, 0)


@lru_cache(maxsize=64)
def extreme_network(space: Space, which: Literal["cheapest", "costliest"]) -> Architecture:
    """The network of the space with the least or the most complexity, Eqn. (1).

    Args:
        space: Space to look in.
        which: "cheapest" or "costliest".

    Raises:
        SpaceError: No network of the space exists, or a stage has too many choices.
    """
    import numpy as np  # noqa: PLC0415

    from nas_tc.space.graph import network_graph  # noqa: PLC0415

    graph = network_graph(space)
    sign = 1 if which == "cheapest" else -1
    never = np.int64(1) << 60
    onward = [np.zeros(1, dtype=np.int64)]  # least cost of the way on, times the sign
    for level in reversed(graph.levels):
        nodes = int(level.src.max(initial=0)) + 1
        best = np.full(nodes, never)
        behind = np.append(onward[0], never)
        whole = sign * level.cost + behind[np.minimum(level.dst, len(onward[0]))]
        np.minimum.at(best, level.src, whole)
        onward.insert(0, np.minimum(best, never))
    if onward[0][0] >= never // 2:
        shape = "x".join(map(str, space.input))
        raise SpaceError(
            f"no network of the space {space.name!r} exists for images of {shape}: their maps "
            "shrink to nothing; use larger images or another space"
        )
    taken, node = [], 0
    for level, behind in zip(graph.levels, onward[1:], strict=True):
        edges = np.flatnonzero(level.src == node)
        padded = np.append(behind, never)
        whole = sign * level.cost[edges] + padded[np.minimum(level.dst[edges], len(behind))]
        edge = edges[np.argmin(whole)]
        taken.append(np.array([edge]))
        node = int(level.dst[edge])
    return space.decode(space.values(graph.settings(taken).tolist())[0])
