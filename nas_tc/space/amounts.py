"""What many networks of a space take at once, of any measure that a formula gives."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_tc.space.batch import check_settings, complexity_batch, stage_places
from nas_tc.space.head_costs import head_costs
from nas_tc.space.nearest import Limited
from nas_tc.space.part_memory import head_part
from nas_tc.space.peaks import KINDS, Kind, Part, Peaks, peaks_of
from nas_tc.space.space import Space
from nas_tc.space.stage_level import out_channels_of
from nas_tc.space.stage_memory import stage_memory
from nas_tc.space.table import DEAD, ENDED
from nas_tc.space.unit_costs import INT8_WEIGHTS, PARAMS

_BYTES = 4  # float32
_CHUNK = 1 << 13  # settings that are worked on at once
_SUMS = {"params": (PARAMS, 1), "weights": (PARAMS, _BYTES), "weights_int8": (INT8_WEIGHTS, 1)}

Ints = NDArray[np.int64]


def keeps_limits(
    space: Space, settings: NDArray[np.integer], limits: Iterable[Limited]
) -> NDArray[np.bool_]:
    """Whether each network exists and is within all limits, shape (candidates,).

    Args:
        space: Space of the networks.
        settings: Index of the choice of each gene, from 0, shape (candidates, genes).
        limits: Limits that formulas can check.

    Raises:
        SpaceError: The array has another shape, or an index is out of range.
    """
    found = np.ones(len(settings), dtype=bool)
    for limit in limits:
        rows = np.flatnonzero(found)
        used = amounts_batch(space, settings[rows], limit.bound.measure, limit.bound.batch)
        found[rows] = (used >= max(0, limit.least)) & (used <= limit.most)
    return found


def amounts_batch(
    space: Space, settings: NDArray[np.integer], measure: str, batch: int = 1
) -> Ints:
    """Amount of a measure for each setting; -1 where a network does not exist.

    Args:
        space: Space of the networks.
        settings: Index of the choice of each gene, from 0, shape (candidates, genes).
        measure: Name of a measure with a formula: "params", "memory_int8", "train_memory".
        batch: Number of images.

    Returns:
        The same as `Measure.of` of each decoded network, shape (candidates,).

    Raises:
        SpaceError: The array has another shape, or an index is out of range.
    """
    if measure == "complexity":
        return complexity_batch(space, settings)
    check_settings(space, settings)
    found = np.empty(len(settings), dtype=np.int64)
    for start in range(0, len(settings), _CHUNK):
        columns = np.ascontiguousarray(settings[start : start + _CHUNK].T, dtype=np.int64)
        found[start : start + _CHUNK] = _of_chunk(space, columns, measure, batch)
    return found


def _of_chunk(space: Space, columns: Ints, measure: str, batch: int) -> Ints:
    stages = _Stages(space, columns)
    if measure in _SUMS:
        which, factor = _SUMS[measure]
        found = factor * stages.sums(which)
    else:
        (kind,) = (each for each in KINDS if each == measure)
        found = _memory(stages, kind, batch)
    return np.where(stages.is_dead, -1, found)


def _memory(stages: "_Stages", kind: Kind, batch: int) -> Ints:
    """Peak bytes of a forward pass or of a training step, activation by activation."""
    space = stages.space
    found = np.zeros(stages.many, dtype=np.int64)
    activation = stages.column("activation")
    for number, peaks in enumerate(peaks_of(space, kind, batch)):
        some = np.flatnonzero(activation == number)
        these = stages.of(some)
        found[some] = peaks.whole(these.part(peaks), these.sums(PARAMS), these.image_values)
    return found


def _at(place: Ints) -> Callable[[Any], Any]:
    """What takes the amounts at these places of a table."""
    return lambda amounts: amounts.ravel()[place]


class _Stages:
    """Where networks are in the tables of their stages.

    Args:
        space: Space of the networks.
        columns: Index of the choice of each gene, shape (genes, candidates).
    """

    def __init__(self, space: Space, columns: Ints) -> None:
        self.space = space
        self.many = columns.shape[1]
        self._columns = columns
        self._names = [gene.name for gene in space.genes]
        self._places = [*stage_places(space, columns)]
        following = [table.following.ravel()[place] for table, place in self._places]
        self._is_there = [(each != ENDED) & (each != DEAD) for each in following]
        self.is_dead = following[-1] == DEAD

    def of(self, some: Ints) -> "_Stages":
        """Some of the networks."""
        return _Stages(self.space, np.ascontiguousarray(self._columns[:, some]))

    def column(self, gene: str) -> Ints:
        """Number of the choice of a gene; 0 where there is none."""
        found: Ints = np.zeros(self.many, dtype=np.int64)
        if gene in self._names:
            found = self._columns[self._names.index(gene)]
        return found

    @property
    def image_values(self) -> Ints:
        """Number of values of an image that each network sees."""
        values = [self.space.input[0] * height * width for height, width in self.space.sides]
        found: Ints = np.array(values)[self.column("resolution")]
        return found

    def sums(self, which: int) -> Ints:
        """Amounts of one of the measures of `unit_costs`, heads included."""
        total = np.zeros(self.many, dtype=np.int64)
        for table, place in self._places:
            total += table.costs[which].ravel()[place]
        classes = self.space.classes
        channels = [
            out_channels_of(self.space, number, table)
            for number, (table, _) in enumerate(self._places, start=1)
        ]
        return total + self._by_head(
            lambda head, width: head_costs(head, width, classes)[which], self._last(channels)
        )

    def part(self, peaks: Peaks) -> Part:
        """The memory of whole networks."""
        total, pool = Part(), Part()
        memories = stage_memory(self.space, peaks)
        for memory, (_, place), is_there in zip(
            memories, self._places, self._is_there, strict=True
        ):
            # A pooling counts where another stage follows it.
            total = total.then(pool.map(is_there.__mul__)).then(memory.units.map(_at(place)))
            pool = memory.pool.map(_at(place))
        classes = self.space.classes
        heads = self._by_head(
            lambda head, *last: head_part(peaks, head, classes, *last).amounts,
            self._last([each.channels for each in memories]),
            self._last([each.pixels for each in memories]),
            self._last([each.keeps_output for each in memories]),
        )
        return total.then(Part(*heads.T))

    def _last(self, tables: Sequence[NDArray[Any]]) -> Ints:
        """What a table says of the last stage: arrays of all options, of states and options."""
        found = np.ones(self.many, dtype=np.int64)
        for table, (stage, place), is_there in zip(
            tables, self._places, self._is_there, strict=True
        ):
            many = stage.following.shape[1]
            here = table[place % many] if table.ndim == 1 else table.ravel()[place]
            found = np.where(is_there, here, found)
        return found

    def _by_head(self, of: Callable[..., Any], *columns: Ints) -> Ints:
        """An amount, or several, of the head and of whole numbers, computed once for equal ones."""
        keys = np.stack([self.column("head"), self.column("dropout"), *columns])
        different, place = np.unique(keys, axis=1, return_inverse=True)
        space = self.space
        heads, dropouts = space.heads or (None,), space.dropouts or (None,)
        found = [
            of(space.head_of(heads[head], dropouts[dropout]), *rest)
            for head, dropout, *rest in different.T.tolist()
        ]
        return np.array(found, dtype=np.int64)[place.reshape(-1)]
