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

    ways = [1]  # for each node behind the level the number of networks from there on
    for level in reversed(network_graph(space).levels):
        edges, many = np.unique(level.src * level.nodes[1] + level.dst, return_counts=True)
        before = [0] * level.nodes[0]
        for edge, each in zip(edges.tolist(), many.tolist(), strict=True):
            src, dst = divmod(edge, level.nodes[1])
            before[src] += each * ways[dst]
        ways = before
    return ways[0]


@lru_cache(maxsize=64)
def extreme_network(
    space: Space,
    which: Literal["cheapest", "costliest"],
    measure: Literal["complexity", "params"] = "complexity",
) -> Architecture:
    """The network of the space with the least or the most complexity, Eqn. (1), or parameters.

    Args:
        space: Space to look in.
        which: "cheapest" or "costliest".
        measure: What is cheap: "complexity" or "params".

    Raises:
        SpaceError: No network of the space exists, or a stage has too many choices.
    """
    from nas_tc.space.graph import network_graph  # noqa: PLC0415
    from nas_tc.space.onward import cheapest_path  # noqa: PLC0415
    from nas_tc.space.unit_costs import COMPLEXITY, PARAMS  # noqa: PLC0415

    graph = network_graph(space)
    row = COMPLEXITY if measure == "complexity" else PARAMS
    sign = 1 if which == "cheapest" else -1
    found = cheapest_path(graph.levels, [sign * level.costs[row] for level in graph.levels])
    if found is None:
        shape = "x".join(map(str, space.input))
        raise SpaceError(
            f"no network of the space {space.name!r} exists for images of {shape}: their maps "
            "shrink to nothing; use larger images or another space"
        )
    return space.decode(space.values(graph.settings(found[1]).tolist())[0])


def extreme_networks(space: Space) -> list[Architecture]:
    """The networks of the space with the least and the most complexity and parameters.

    What is within the limits of a budget is often near one of them.

    Args:
        space: Space to look in.

    Raises:
        SpaceError: No network of the space exists, or a stage has too many choices.
    """
    measures: tuple[Literal["complexity", "params"], ...] = ("complexity", "params")
    ends: tuple[Literal["cheapest", "costliest"], ...] = ("cheapest", "costliest")
    found = [extreme_network(space, end, each) for end in ends for each in measures]
    return list(dict.fromkeys(found))
