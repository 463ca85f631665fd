"""Which choices of a stage no network within a limit on memory has, behind each map.

A network needs at least what each of its stages needs, so a stage that is over the limit by itself
is left out. In int8, where weights do not count, nothing else is to be known: the networks of the
other choices are just those within the limit, unless a stage may be left out behind a pooling.
"""

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas_tc.space.part_memory import head_part
from nas_tc.space.peaks import Kind, Part, Peaks, peaks_of
from nas_tc.space.space import Space
from nas_tc.space.stage_memory import StageMemory, stage_memory
from nas_tc.space.table import StageTable, stage_tables

Bools = NDArray[np.bool_]


class MemoryLimit(NamedTuple):
    """A limit on a peak of memory."""

    kind: Kind
    batch: int
    most: int  # bytes


def choices_within(
    space: Space, limits: Sequence[MemoryLimit], fewest_params: int
) -> tuple[Bools, ...]:
    """For each stage its options that no limit excludes, arrays of shape (states, options).

    Args:
        space: Space of the stages.
        limits: Limits that the networks keep.
        fewest_params: Parameters that every network has, at least.
    """
    tables = stage_tables(space)
    found = [np.ones(table.following.shape, dtype=bool) for table in tables]
    for limit in limits:
        fits = [np.zeros_like(each) for each in found]
        for peaks in peaks_of(space, limit.kind, limit.batch):
            memories = zip(tables, stage_memory(space, peaks), strict=True)
            for number, (table, memory) in enumerate(memories, start=1):
                part = _at_least(space, number, table, memory, peaks)
                images = space.input[0] * min(map(prod, space.sides))
                if number > 1:  # what was kept before
                    before = 0 if limit.kind == "memory_int8" else images * peaks.value_bytes
                    part = Part(before, before).then(part)
                fits[number - 1] |= peaks.whole(part, fewest_params, images) <= limit.most
        found = [each & fit for each, fit in zip(found, fits, strict=True)]
    return tuple(found)


def _at_least(
    space: Space, number: int, table: StageTable, memory: StageMemory, peaks: Peaks
) -> Part:
    """What each option of a stage needs, with the pooling and the head where they must follow."""
    if number == len(space.stages):
        heads = _heads(space, memory, peaks)
        return memory.units.then(heads.map(lambda each: np.where(memory.pixels > 0, each, 0)))
    # A network may end before a pooling that is the first choice.
    can_end = 0 in space.stages[number].depth
    pools = ~can_end | (table.picks["pool"] > 0)
    return memory.units.then(memory.pool.map(lambda each: np.where(pools, each, 0)))


def _heads(space: Space, memory: StageMemory, peaks: Peaks) -> Part:
    """The least that a head needs behind each option, arrays of shape (states, options)."""
    names, dropouts = space.heads or (None,), space.dropouts or (None,)
    heads = {space.head_of(name, dropout) for name in names for dropout in dropouts}
    shape = memory.pixels.shape
    columns = np.broadcast_arrays(memory.channels, memory.pixels, memory.keeps_output)
    keys = np.stack([np.maximum(1, each.ravel()) for each in columns[:2]] + [columns[2].ravel()])
    different, place = np.unique(keys, axis=1, return_inverse=True)
    found: list[Any] = []
    for last in different.T.tolist():
        parts = [head_part(peaks, head, space.classes, *last).amounts for head in heads]
        found.append(np.min(parts, axis=0))
    amounts = np.array(found)[place.reshape(-1)]
    return Part(*(amounts[:, column].reshape(shape) for column in range(amounts.shape[1])))
