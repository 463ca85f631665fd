"""Places for the networks and the arrows of a relation graph, in columns and rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from nas_tc.experiment.relations import Relation

Place = tuple[float, float]  # column and row, from the left and from the top
_Node = str | tuple[int, int]  # a network, or a step and a column that it passes


@dataclass(frozen=True)
class Layout:
    """Places of a graph's parts.

    Attributes:
        networks: Place of each network that has a relation.
        routes: Places that each step leads through, from its first network to its second.
        columns: Number of columns.
        rows: Number of rows of the fullest column.
    """

    networks: dict[str, Place]
    routes: tuple[tuple[Place, ...], ...]
    columns: int
    rows: int


def layout(names: Sequence[str], steps: Sequence[Relation]) -> Layout:
    """Columns by the longest way to a network, rows by where its neighbours stand.

    A step that passes a column has a row of its own there, so that it crosses no box (Sugiyama et
    al., "Methods for visual understanding of hierarchical system structures", 1981).

    Args:
        names: Networks in their order, which is from left to right.
        steps: Relations of the graph.
    """
    ends = [sorted((step.first, step.second), key=names.index) for step in steps]
    column = dict.fromkeys((name for name in names if any(name in each for each in ends)), 0)
    for _ in column:  # as often as the longest way has steps
        for left, right in ends:
            column[right] = max(column[right], column[left] + 1)
    chains: list[list[_Node]] = [
        [left, *((number, at) for at in range(column[left] + 1, column[right])), right]
        for number, (left, right) in enumerate(ends)
    ]
    levels: list[list[_Node]] = [[] for _ in range(1 + max(column.values()))]
    for name, at in column.items():
        levels[at].append(name)
    for chain in chains:
        for node in chain[1:-1]:
            assert not isinstance(node, str)
            levels[node[1]].append(node)
    places = _placed(levels, chains)
    routes = []
    for step, chain in zip(steps, chains, strict=True):
        route = tuple(places[node] for node in chain)
        routes.append(route if chain[0] == step.first else route[::-1])
    return Layout(
        {node: place for node, place in places.items() if isinstance(node, str)},
        tuple(routes),
        len(levels),
        max(map(len, levels)),
    )


def _placed(levels: list[list[_Node]], chains: list[list[_Node]]) -> dict[_Node, Place]:
    """Rows within each column: in the order of the mean row of the neighbours to the left."""
    before: dict[_Node, list[_Node]] = {}
    for chain in chains:
        for left, right in pairwise(chain):
            before.setdefault(right, []).append(left)
    places: dict[_Node, Place] = {}

    def wanted(node: _Node) -> float:
        rows = [places[each][1] for each in before.get(node, ())]
        return sum(rows) / len(rows) if rows else 0.0

    for at, level in enumerate(levels):
        level.sort(key=wanted)
        for row, node in enumerate(level):
            places[node] = (at, row - (len(level) - 1) / 2)
    return places
