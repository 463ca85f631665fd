"""Choices of a space that no network has, because maps vanish or blocks do not fit behind them."""

import numpy as np
from numpy.typing import NDArray

from nas_tc.space.choices import Choice
from nas_tc.space.edges import Level
from nas_tc.space.graph import Graph, alive_nodes, network_graph
from nas_tc.space.space import Space


def dead_choices(space: Space) -> tuple[tuple[str, Choice], ...]:
    """The gene and the choice for each choice that no network of the space has.

    Args:
        space: Space to check; some network of it exists.

    Raises:
        SpaceError: A stage has too many choices, or no network exists.
    """
    graph = network_graph(space)
    levels = [_alive(*each) for each in zip(graph.levels, alive_nodes(graph.levels), strict=True)]
    alive = [_alive_options(graph, levels, number) for number in range(len(graph.picks))]
    found: list[tuple[str, Choice]] = []
    for gene in space.genes:
        used: set[int] = set()
        for picks, options in zip(graph.picks, alive, strict=True):
            if gene.name in picks:
                used.update(picks[gene.name][options].tolist())
        found += [(gene.name, each) for n, each in enumerate(gene.choices) if n not in used]
    return tuple(found)


def _alive_options(graph: Graph, levels: list[Level], number: int) -> NDArray[np.int64]:
    """The options at a place of `Graph.picks` that are part of a network.

    Args:
        graph: Graph of the space.
        levels: Its levels with the edges from which a way leads to the end.
        number: The place.
    """
    if number == 0:
        return np.unique(levels[0].option)
    if number == len(graph.picks) - 1:
        return np.unique(graph.levels[-1].option)
    first, rest = levels[2 * number - 1 : 2 * number + 1]
    whole = graph.halves[number - 1]
    found = np.zeros(whole.size, dtype=bool)
    for node in np.unique(first.dst):
        codes = np.ix_(first.option[first.dst == node], rest.option[rest.src == node])
        found[np.unique(whole[codes])] = True
    return np.flatnonzero(found)


def _alive(level: Level, nodes: NDArray[np.int64]) -> Level:
    """The edges of a level that lead to some nodes."""
    kept = np.isin(level.dst, nodes)
    return Level(
        level.src[kept], level.dst[kept], level.costs[:, kept], level.option[kept], level.nodes
    )
