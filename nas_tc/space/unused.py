"""Choices of a space that no network has, because maps vanish or blocks do not fit behind them."""

import numpy as np
from numpy.typing import NDArray

from nas_tc.space.choices import Choice
from nas_tc.space.graph import Graph, Level, network_graph
from nas_tc.space.space import Space


def dead_choices(space: Space) -> tuple[tuple[str, Choice], ...]:
    """The gene and the choice for each choice that no network of the space has.

    Args:
        space: Space to check; some network of it exists.

    Raises:
        SpaceError: A stage has too many choices, or no network exists.
    """
    graph = network_graph(space)
    alive = [_alive_options(graph, number) for number in range(len(graph.picks))]
    found: list[tuple[str, Choice]] = []
    for gene in space.genes:
        used: set[int] = set()
        for picks, options in zip(graph.picks, alive, strict=True):
            if gene.name in picks:
                used.update(picks[gene.name][options].tolist())
        found += [(gene.name, each) for n, each in enumerate(gene.choices) if n not in used]
    return tuple(found)


def _alive_options(graph: Graph, number: int) -> NDArray[np.int64]:
    """The options at a place of `Graph.picks` that are part of a network."""
    if number == 0:
        return np.unique(_alive(graph, 0).option)
    if number == len(graph.picks) - 1:
        return np.unique(graph.levels[-1].option)
    first, rest = _alive(graph, 2 * number - 1), _alive(graph, 2 * number)
    whole = graph.halves[number - 1]
    found = np.zeros(whole.size, dtype=bool)
    for node in np.unique(first.dst):
        codes = np.ix_(first.option[first.dst == node], rest.option[rest.src == node])
        found[np.unique(whole[codes])] = True
    return np.flatnonzero(found)


def _alive(graph: Graph, number: int) -> Level:
    """The edges of a level from which a way leads to the end."""
    nodes = np.zeros(1, dtype=np.int64)
    for level in reversed(graph.levels[number + 1 :]):
        nodes = np.unique(level.src[np.isin(level.dst, nodes)])
    level = graph.levels[number]
    kept = np.isin(level.dst, nodes)
    return Level(level.src[kept], level.dst[kept], level.costs[:, kept], level.option[kept])
