"""The edges between two neighbouring levels of nodes of a space's graph."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nas_tc.space.unit_costs import COMPLEXITY

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Level:
    """The edges between two neighbouring levels of nodes; columns of equal length.

    Attributes:
        src: Node before, a number from 0.
        dst: Node behind.
        costs: Amounts of the measures of `unit_costs`, shape (4, edges).
        option: Number of the option that an edge is.
        nodes: Number of nodes before, and behind.
    """

    src: Ints
    dst: Ints
    costs: Ints
    option: Ints
    nodes: tuple[int, int]

    @property
    def cost(self) -> Ints:
        """Multiply-adds."""
        found: Ints = self.costs[COMPLEXITY]
        return found


@dataclass(frozen=True)
class Edges:
    """Edges between two levels of nodes, those with equal ends and costs as one.

    Attributes:
        src: Node before, a number from 0.
        dst: Node behind.
        cost: Cost, 0 or more.
        many: Number of the edges that are one here.
        order: All edges, those that are one here in a row.
        begin: Place of the first of them in `order`.
        nodes: Number of nodes before, and behind.
    """

    src: Ints
    dst: Ints
    cost: Ints
    many: Ints
    order: Ints
    begin: Ints
    nodes: tuple[int, int]

    @classmethod
    def of(cls, src: Ints, dst: Ints, cost: Ints, nodes: tuple[int, int]) -> "Edges":
        """The edges of a level, merged.

        Args:
            src: Node before each edge.
            dst: Node behind it.
            cost: Its cost.
            nodes: Number of nodes before, and behind.
        """
        order = np.lexsort((cost, dst, src))
        src, dst, cost = src[order], dst[order], cost[order]
        is_new = np.ones(len(src), dtype=bool)
        is_new[1:] = (np.diff(src) != 0) | (np.diff(dst) != 0) | (np.diff(cost) != 0)
        begin = np.flatnonzero(is_new)
        many = np.diff(np.append(begin, len(src)))
        return cls(src[begin], dst[begin], cost[begin], many, order, begin, nodes)

    def backwards(self) -> "Edges":
        """The same edges from the back to the front."""
        return replace(self, src=self.dst, dst=self.src, nodes=self.nodes[::-1])

    def sorted_by(self, *keys: Ints) -> "Edges":
        """The same edges in another order; the last key counts first."""
        order = np.lexsort(keys)
        columns = ("src", "dst", "cost", "many", "begin")
        return replace(self, **{name: getattr(self, name)[order] for name in columns})

    def where(self, kept: NDArray[np.bool_]) -> "Edges":
        """Some of the edges."""
        columns = ("src", "dst", "cost", "many", "begin")
        return replace(self, **{name: getattr(self, name)[kept] for name in columns})
