"""The cheapest way on from each node of a graph to its end, level by level from the back."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

NEVER = 1 << 60  # the cost of what leads nowhere; the cost of a path is less


class LevelOfEdges(Protocol):
    """Interface of the edges between two neighbouring levels of nodes."""

    @property
    def src(self) -> Ints:
        """Node before each edge, a number from 0."""

    @property
    def dst(self) -> Ints:
        """Node behind it."""

    @property
    def nodes(self) -> tuple[int, int]:
        """Number of nodes before, and behind."""


def cheapest_onward(levels: Sequence[LevelOfEdges], costs: Sequence[Any]) -> list[Any]:
    """The least cost of a way from each node to the end, at least `NEVER / 2` where there is none.

    Args:
        levels: Edges of each level, front to back; behind the last level there is one node.
        costs: Cost of each edge of each level, whole or real numbers of any sign.

    Returns:
        Least costs for the nodes before each level, then for the last node.
    """
    kind = np.float64 if any(cost.dtype == np.float64 for cost in costs) else np.int64
    found: list[Any] = [np.zeros(1, dtype=kind)]
    for level, cost in zip(reversed(levels), reversed(costs), strict=True):
        least = np.full(level.nodes[0], NEVER, dtype=kind)
        np.minimum.at(least, level.src, cost + found[0][level.dst])
        found.insert(0, np.minimum(least, NEVER))
    return found


def cheapest_path(
    levels: Sequence[LevelOfEdges], costs: Sequence[Any]
) -> tuple[float, list[Ints]] | None:
    """The path of the least cost and the number of its edge at each level; None without any path.

    Args:
        levels: Edges of each level, front to back; the first and the last level have one node.
        costs: Cost of each edge of each level.
    """
    onward = cheapest_onward(levels, costs)
    least = onward[0][0]
    if least >= NEVER // 2:
        return None
    taken: list[Ints] = []
    node = 0
    for level, cost, behind in zip(levels, costs, onward[1:], strict=True):
        edges = np.flatnonzero(level.src == node)
        edge = edges[np.argmin(cost[edges] + behind[level.dst[edges]])]
        taken.append(np.array([edge]))
        node = int(level.dst[edge])
    return float(least), taken
