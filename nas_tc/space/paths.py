"""The paths of a graph whose cost lies in a range: how many exactly, and which is the n-th.

Beginnings of paths are listed level by level from the front, and endings from the back: for each
node the different costs, and the number of paths of each cost. Paths of equal cost at one node are
one entry, so a list is no longer than there are costs. The endings that fit behind a beginning are
one slice of a sorted list (meet in the middle).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_tc.space.edges import Edges
from nas_tc.space.onward import cheapest_onward

Ints = NDArray[np.int64]
Counts = NDArray[np.int64] | NDArray[np.object_]  # objects where 64 bits are not enough

_CHUNK = 1 << 21  # entries that are worked on at once
_SAFE = 1 << 62


class TooManyError(Exception):
    """A list would be longer than allowed."""


@dataclass(frozen=True)
class _Costs:
    """The different costs at the nodes of one level, sorted by node and cost.

    Attributes:
        key: Node times the span of the costs, plus the cost.
        count: Number of paths with this cost that lead to this node.
    """

    key: Ints
    count: Counts

    @classmethod
    def merged(cls, key: Ints, count: Counts) -> "_Costs":
        """Entries of equal key as one."""
        if not len(key):
            return cls(key, count)
        order = np.argsort(key)
        key = key[order]
        begin = np.flatnonzero(np.diff(key, prepend=-1))
        return cls(key[begin], np.add.reduceat(count[order], begin))


class _Side:
    """Lists of beginnings; of endings, if the levels come from the back.

    Args:
        levels: Edges of each level.
        least: Least cost of a path.
        most: Most cost of a path.
    """

    def __init__(self, levels: Sequence[Edges], least: int, most: int) -> None:
        self._least, self._most = least, most
        self.span = most + 1
        cheapest = cheapest_onward(levels, [edges.cost for edges in levels])
        costliest = [-each for each in cheapest_onward(levels, [-edges.cost for edges in levels])]
        self._levels: list[Edges] = []
        self._whole: list[Ints] = []
        self._sorted: dict[int, Edges] = {}  # by the node behind them
        for edges, onward in zip(levels, cheapest[1:], strict=True):
            fitting = edges.where(edges.cost + onward[edges.dst] <= most)
            fitting = fitting.sorted_by(fitting.cost + onward[fitting.dst], fitting.src)
            self._levels.append(fitting)
            self._whole.append(fitting.src * self.span + fitting.cost + onward[fitting.dst])
        self._costliest = costliest
        self.listed = [_Costs(np.zeros(1, np.int64), np.ones(1, np.int64))]

    def next_length(self) -> int:
        """Entries of the next list before equal ones are merged."""
        return int(self._next()[1].sum())

    def extend(self) -> None:
        """Lists the costs of the next level."""
        number, known = len(self.listed) - 1, self.listed[-1]
        edges = self._levels[number]
        begin, many = self._next()
        count: Counts = known.count
        if self._may_overflow(edges, known):
            count = count.astype(object)
        cost = known.key % self.span
        parts: list[_Costs] = []
        ends = np.cumsum(many)
        first = 0
        while first < len(many):
            before = ends[first - 1] if first else 0
            last = max(first + 1, int(np.searchsorted(ends, before + _CHUNK, side="right")))
            here = np.arange(first, last)
            entry = np.repeat(here, many[here])
            place = np.arange(len(entry)) - np.repeat(ends[here] - many[here] - before, many[here])
            edge = begin[entry] + place
            total = cost[entry] + edges.cost[edge]
            dst = edges.dst[edge]
            kept = total + self._costliest[number + 1][dst] >= self._least
            key = (dst * self.span + total)[kept]
            parts.append(_Costs.merged(key, count[entry[kept]] * edges.many[edge[kept]]))
            first = last
        whole = (
            parts[0]
            if len(parts) == 1
            else _Costs.merged(
                np.concatenate([part.key for part in parts] or [known.key[:0]]),
                np.concatenate([part.count for part in parts] or [count[:0]]),
            )
        )
        self.listed.append(whole)

    def traced(self, key: Ints, rank: Counts) -> list[Ints]:
        """The edges of paths that end in entries of the last list, the last edge first.

        Args:
            key: Keys of these entries.
            rank: Number of the path among those of its entry.
        """
        found = []
        for number in range(len(self.listed) - 2, -1, -1):
            key, rank, edge = self._step_back(number, key, rank)
            found.append(edge)
        return found

    def _next(self) -> tuple[Ints, Ints]:
        """For each entry of the last list the first edge that goes on from it, and how many fit."""
        number, known = len(self.listed) - 1, self.listed[-1]
        node, cost = np.divmod(known.key, self.span)
        begin = np.searchsorted(self._levels[number].src, node, side="left")
        upto = np.searchsorted(
            self._whole[number], node * self.span + self._most - cost, side="right"
        )
        return begin, np.maximum(upto - begin, 0)

    def _may_overflow(self, edges: Edges, known: _Costs) -> bool:
        if known.count.dtype == object:
            return False
        widest = np.bincount(edges.src, weights=edges.many).max(initial=0)
        return bool(float(known.count.sum(dtype=np.float64)) * widest >= _SAFE)

    def _step_back(self, number: int, key: Ints, rank: Counts) -> tuple[Ints, Counts, Ints]:
        """The entries before these, and the edges from there."""
        edges = self._by_end(number)
        known = self.listed[number]
        count: Counts = known.count
        if object in (count.dtype, rank.dtype):  # sums of what leads here are beyond 64 bits
            count, rank = count.astype(object), rank.astype(object)
        before, ranks, found = np.empty_like(key), rank.copy(), np.empty_like(key)
        node, cost = np.divmod(key, self.span)
        begin = np.searchsorted(edges.dst, node, side="left")
        edges_of = np.searchsorted(edges.dst, node, side="right") - begin
        upto = np.cumsum(edges_of)
        cuts = np.searchsorted(upto, np.arange(_CHUNK, edges_of.sum(), _CHUNK))
        for rows in np.split(np.arange(len(key)), cuts):
            if not len(rows):
                continue
            # The edges into the node of each entry, all in a row.
            many = edges_of[rows]
            first = np.cumsum(many) - many
            row = np.repeat(np.arange(len(rows)), many)
            edge = np.arange(len(row)) - (first - begin[rows])[row]
            rest = cost[rows][row] - edges.cost[edge]
            keys = edges.src[edge] * self.span + rest
            place = np.minimum(np.searchsorted(known.key, keys), len(known.key) - 1)
            is_there = (rest >= 0) & (known.key[place] == keys)
            paths = np.where(is_there, count[place], 0)
            ways = paths * edges.many[edge]
            # Sums over all rows may be beyond 64 bits, and those of a row are not; so their
            # differences are right.
            sums = np.cumsum(ways)
            sums = sums - (sums[first] - ways[first])[row]
            chosen = first + np.add.reduceat((sums <= rank[rows][row]).astype(np.int64), first)
            beyond = rank[rows] - sums[chosen] + ways[chosen]
            ranks[rows] = beyond % paths[chosen]
            within = (beyond // paths[chosen]).astype(np.int64)
            found[rows] = edges.order[edges.begin[edge[chosen]] + within]
            before[rows] = keys[chosen]
        return before, ranks, found

    def _by_end(self, number: int) -> Edges:
        """The edges of a level by the node behind them; sorted once."""
        if number not in self._sorted:
            edges = self._levels[number]
            self._sorted[number] = edges.sorted_by(edges.dst)
        return self._sorted[number]


class Paths:
    """All paths from the first node to the last with a cost in a range, as an indexed list.

    Args:
        levels: Edges of each level, front to back; the first and the last level have one node.
        least: Least cost, inclusive.
        most: Most cost, inclusive.
        longest: Length that no list may exceed before equal costs are merged.

    Attributes:
        count: Number of paths.

    Raises:
        TooManyError: A list would be longer than `longest`.
    """

    def __init__(self, levels: Sequence[Edges], least: int, most: int, longest: int) -> None:
        self._front = _Side(levels, least, most)
        self._back = _Side([each.backwards() for each in reversed(levels)], least, most)
        for _ in levels:
            sides = {each.next_length(): each for each in (self._back, self._front)}
            if min(sides) > longest:
                raise TooManyError
            sides[min(sides)].extend()
        self._endings: Any = np.append(0, np.cumsum(self._back.listed[-1].count))
        self._from, self._behind, self._upto = self._joined(least, most)
        self.count = int(self._upto[-1]) if len(self._upto) else 0

    def count_within(self, least: int, most: int) -> int:
        """Number of paths in a narrower range, of `least` to `most`."""
        upto = self._joined(least, most)[2]
        return int(upto[-1]) if len(upto) else 0

    def at(self, places: Counts) -> list[Ints]:
        """The paths at some positions of the list.

        Args:
            places: The positions, from 0 to below `count`.

        Returns:
            For each level, the number of the edge that each path takes.
        """
        entry = np.searchsorted(self._upto, places, side="right")
        here = places - np.where(entry > 0, self._upto[entry - 1], 0)
        behind = self._behind[entry]
        place = here % behind + self._endings[self._from[entry]]
        other = np.searchsorted(self._endings, place, side="right") - 1
        front, back = self._front.listed[-1], self._back.listed[-1]
        first = self._front.traced(front.key[entry], _like(here // behind, front.count))
        rank = _like(place - self._endings[other], back.count)
        return [*reversed(first), *self._back.traced(back.key[other], rank)]

    def _joined(self, least: int, most: int) -> tuple[Ints, Any, Any]:
        """For each beginning its first ending, the number of its paths on, and the paths so far."""
        front, back, span = self._front.listed[-1], self._back.listed[-1], self._front.span
        node, cost = np.divmod(front.key, span)
        low = np.searchsorted(back.key, node * span + np.maximum(least - cost, 0))
        high = np.searchsorted(back.key, node * span + np.maximum(most - cost, -1), side="right")
        high = np.maximum(low, high)
        behind: Any = self._endings[high] - self._endings[low]
        count: Any = front.count
        upto: Any
        paths = float(count.sum()) * float(self._endings[-1]) if len(count) else 0.0
        if paths >= _SAFE:
            count, behind = count.astype(object), behind.astype(object)
        upto = np.cumsum(count * behind)
        return low, behind, upto


def random_places(count: int, many: int, random: np.random.Generator) -> Counts:
    """Uniform random whole numbers from 0 to below `count`, which may have any size.

    Args:
        count: Upper end, exclusive.
        many: How many numbers.
        random: Generator of the random numbers.
    """
    if count < 1 << 62:
        return random.integers(count, size=many)
    # Seven bytes more than needed make the remainders equally likely, to one in 10^16.
    size = count.bit_length() // 8 + 8
    numbers = [int.from_bytes(random.bytes(size), "little") % count for _ in range(many)]
    return np.array(numbers, dtype=object)


def _like(ranks: Counts, counts: Counts) -> Any:
    found: Any = ranks.astype(counts.dtype)
    return found
