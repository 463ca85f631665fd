"""The networks of a space within a range of complexity: how many exactly, and samples of them.

Nothing is rejected. A network is cut in two between stages. The first halves are listed with their
complexity; behind each map and number of channels that they lead to, the second halves are listed
once, sorted by complexity. What fits behind a first half is then one slice of a sorted list (meet
in the middle), so a list of 10^6 halves on either side speaks for 10^12 networks.
"""

from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas_tc.errors import SpaceError
from nas_tc.space.batch import DEAD, ENDED, NO_MAP, StageTable, stage_tables
from nas_tc.space.space import STAGE_FIELDS, Space, StageChoices, Values

_MOST_HALVES = 1 << 24  # of one side; some 400 MB while they are listed

Ints = NDArray[np.int64]


class _Halves(NamedTuple):
    """Networks up to some stage; columns of equal length."""

    code: Ints  # the chosen options of the stages, as one number
    cost: Ints  # multiply-adds so far
    state: Ints  # of the table of the next stage: a map, or that there is none
    channels: Ints
    first_pool: Ints  # 1: the last pooling is the first choice, as where it plays no part

    def where(self, kept: NDArray[np.bool_] | Ints) -> "_Halves":
        return _Halves(*(column[kept] for column in self))


@dataclass(frozen=True)
class _Stage:
    """The options of one stage, a column a field, and their effects."""

    choices: StageChoices
    table: StageTable
    picks: dict[str, Ints]  # field to the number of its choice, for every option

    def __len__(self) -> int:
        return len(self.picks["depth"])

    def after(self, halves: _Halves, most: int) -> _Halves:
        """Each half with each option that goes on from it within `most` multiply-adds.

        Several settings of the genes can be one network: genes of a stage that is left out, the
        pooling of the last stage, the width of a single convolution. Only the setting with the
        first choice of each counts.
        """
        chosen = self.choices
        depth = np.array(chosen.depth)[self.picks["depth"]]
        others = [self.picks[field] for field in STAGE_FIELDS if field != "depth"]
        plain = np.all([pick == 0 for pick in others], axis=0)
        width = np.array(chosen.width)[self.picks["width"]]
        last = np.array(chosen.last_width)[self.picks["last_width"]] if chosen.last_width else width
        has_width = depth > (1 if chosen.last_width else 0)
        counts = has_width | (depth == 1) & (self.picks["width"] == 0) | (depth == 0) & plain
        geometry = np.zeros(len(self), dtype=np.int64)
        for field in ("depth", "filter", "stride", "pool"):
            geometry = geometry * len(getattr(chosen, field)) + self.picks[field]

        row = halves.state[:, None] * self.table.rows_a_state + geometry
        state = self.table.following[row]
        a, b, c, d = (each[row] for each in self.table.coefficients)
        cost = halves.channels[:, None] * (a * width + b * last) + width * (c * width + d * last)
        cost += halves.cost[:, None]
        first_pool = np.broadcast_to(self.picks["pool"] == 0, row.shape)
        has_ended = halves.state[:, None] == ENDED
        fits = counts & (state != DEAD) & (cost <= most)
        fits &= np.where(depth == 0, has_ended | (halves.first_pool[:, None] == 1), ~has_ended)
        fits &= (state != NO_MAP) | first_pool  # only the end can follow, and it takes the first
        half, option = np.nonzero(fits)
        return _Halves(
            code=halves.code[half] * len(self) + option,
            cost=cost[fits],
            state=state[fits],
            channels=np.where(depth[option] == 0, 0, last[option]),
            first_pool=first_pool[fits].astype(np.int64),
        )


class Feasible:
    """All networks of a space whose complexity lies in a range, as an indexed list.

    Args:
        space: Space of the networks; different networks count, not settings of its genes.
        least: Least multiply-adds, Eqn. (1), inclusive.
        most: Most multiply-adds, inclusive.

    Attributes:
        count: Number of networks.

    Raises:
        SpaceError: The space has too many halves to list, more than 2^24, which is about 10^14
            networks of stages with equal numbers of choices. Sample it by trial instead.
    """

    def __init__(self, space: Space, least: int, most: int) -> None:
        self._space = space
        self._least, self._most = least, most
        self._stages = tuple(
            _stage(choices, table)
            for choices, table in zip(space.stages, stage_tables(space), strict=True)
        )
        self._cut = self._choose_cut()
        start = _Halves(*(np.array([n]) for n in (0, 0, NO_MAP + 1, space.input[0], 0)))
        first = self._listed(start, 0, self._cut)
        group = _groups(first)
        order = np.argsort(group, kind="stable")
        self._first = first.where(order)
        self._bounds = np.flatnonzero(np.diff(group[order], prepend=-1))  # where a group begins
        self._ends = np.append(self._bounds, len(order))[1:]
        self._kept: dict[int, _Halves] = {}
        self._from = np.zeros(len(order), dtype=np.int64)  # where a half's slice begins
        many = np.zeros(len(order), dtype=np.int64)
        for number, (begin, end) in enumerate(zip(self._bounds, self._ends, strict=True)):
            behind, cost = self._behind(number).cost, self._first.cost[begin:end]
            self._from[begin:end] = np.searchsorted(behind, least - cost, side="left")
            upto = np.searchsorted(behind, most - cost, side="right")
            many[begin:end] = upto - self._from[begin:end]
        self._upto = np.cumsum(many)
        self.count = int(self._upto[-1]) if len(many) else 0

    def draw(self, networks: int, random: np.random.Generator) -> Ints:
        """Uniform samples of networks, with replacement.

        Args:
            networks: Number of networks to draw.
            random: Generator of the random numbers.

        Returns:
            Settings of the genes, shape (networks, genes), as for `complexity_batch`; genes without
            effect have their first choice.

        Raises:
            SpaceError: No network is within the range.
        """
        if not self.count:
            raise SpaceError(
                f"no network of the space {self._space.name!r} has {self._least:,} to "
                f"{self._most:,} multiply-adds; change the range"
            )
        return self.at(random.integers(self.count, size=networks))

    def at(self, places: Ints) -> Ints:
        """The networks at these positions of the list, from 0 to below `count`; as from `draw`."""
        half = np.searchsorted(self._upto, places, side="right")
        before = np.where(half > 0, self._upto[half - 1], 0)
        place = self._from[half] + places - before
        group = np.searchsorted(self._bounds, half, side="right") - 1
        code = np.empty(len(places), dtype=np.int64)
        for number in np.unique(group):
            here = group == number
            code[here] = self._behind(int(number)).code[place[here]]
        found = self._picked(self._first.code[half], 0, self._cut)
        found.update(self._picked(code, self._cut, len(self._stages)))
        genes = self._space.genes
        columns = [found[gene.name] for gene in genes]
        return np.array(columns, dtype=np.int64).reshape(len(genes), len(places)).T

    def values(self, settings: Ints) -> list[Values]:
        """The same settings as values by the names of the genes."""
        genes = self._space.genes
        return [
            {gene.name: gene.choices[n] for gene, n in zip(genes, row, strict=True)}
            for row in settings.tolist()
        ]

    def _choose_cut(self) -> int:
        """Stages before the cut, so that the fewest halves are to be listed."""

        def halves(cut: int) -> int:
            before = prod(len(stage) for stage in self._stages[:cut])
            behind = prod(len(stage) for stage in self._stages[cut:])
            here = self._stages[cut - 1]
            maps = len(here.table.following) // here.table.rows_a_state
            return before + behind * maps * len(here.choices.last_width or here.choices.width)

        return min(range(1, len(self._stages) + 1), key=halves)

    def _listed(self, halves: _Halves, begin: int, end: int) -> _Halves:
        for stage in self._stages[begin:end]:
            if len(halves.code) * len(stage) > _MOST_HALVES:
                raise SpaceError(
                    f"the space {self._space.name!r} is too large to be counted exactly within a "
                    "budget; give its stages fewer choices"
                )
            halves = stage.after(halves, self._most)
        return halves

    def _behind(self, group: int) -> _Halves:
        """The second halves behind a group of first ones, cheapest first."""
        if group not in self._kept:
            start = self._first.where(self._bounds[group : group + 1])
            zero = np.zeros(1, dtype=np.int64)
            found = self._listed(start._replace(code=zero, cost=zero), self._cut, len(self._stages))
            if sum(len(each.code) for each in self._kept.values()) > _MOST_HALVES:
                self._kept.clear()  # they are listed again when they are needed
            self._kept[group] = found.where(np.argsort(found.cost, kind="stable"))
        return self._kept[group]

    def _picked(self, code: Ints, begin: int, end: int) -> dict[str, Ints]:
        """Gene name to the numbers of its choices."""
        found: dict[str, Ints] = {}
        for number in range(end, begin, -1):
            stage = self._stages[number - 1]
            code, option = np.divmod(code, len(stage))
            for field, pick in stage.picks.items():
                found[f"stage{number}.{field}"] = pick[option]
        return found


def _stage(choices: StageChoices, table: StageTable) -> _Stage:
    counts = [max(1, len(getattr(choices, field))) for field in STAGE_FIELDS]
    picks = np.indices(counts).reshape(len(counts), -1)
    return _Stage(choices, table, dict(zip(STAGE_FIELDS, picks.astype(np.int64), strict=True)))


def _groups(halves: _Halves) -> Ints:
    """A number for each half, equal for halves with the same continuations."""
    key = (halves.state * (halves.channels.max(initial=0) + 1) + halves.channels) * 2
    _, group = np.unique(key + halves.first_pool, return_inverse=True)
    return group.astype(np.int64)
