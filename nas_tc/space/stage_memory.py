"""Tables of a space: the memory that every choice of a stage needs behind each map.

Like the tables of complexity: a row for each state before the stage, a column for each option.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import Block, Inception, parse_block
from nas_tc.errors import ArchitectureError
from nas_tc.space.choices import StageChoices
from nas_tc.space.decoding import pool_of
from nas_tc.space.part_memory import keeps_output, pool_part, unit_part
from nas_tc.space.peaks import Part, Peaks
from nas_tc.space.space import Space
from nas_tc.space.stage_level import out_channels_of
from nas_tc.space.table import FIRST_MAP, Map, StageTable, geometries, stage_tables

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class StageMemory:
    """Memory of a stage; arrays of shape (states, options) where nothing else is said.

    Attributes:
        units: The stage without its pooling.
        pool: Its pooling; zeros where there is none.
        pixels: Pixels of the map before the pooling.
        channels: Channels behind the stage, shape (options,).
        keeps_output: Whether the units keep their output for the backward pass, shape (options,).
    """

    units: Part
    pool: Part
    pixels: Ints
    channels: Ints
    keeps_output: NDArray[np.bool_]


@lru_cache(maxsize=32)
def stage_memory(space: Space, peaks: Peaks) -> tuple[StageMemory, ...]:
    """The memory of each stage of a space.

    Args:
        space: Space of the stages.
        peaks: What is asked.

    Raises:
        SpaceError: A stage has too many choices.
    """
    return tuple(
        _stage(space, number, table, peaks)
        for number, table in enumerate(stage_tables(space), start=1)
    )


def _stage(space: Space, number: int, table: StageTable, peaks: Peaks) -> StageMemory:
    choices = space.stages[number - 1]
    blocks = [parse_block(text) for text in choices.block or space.blocks]
    counts = tuple(table.options.values())
    states = len(table.following)
    units, pools = (_zeros((states, *counts)) for _ in range(2))
    pixels = np.zeros((states, *counts), dtype=np.int64)
    channels = out_channels_of(space, number, table)
    by_option = channels.reshape(counts)
    known: dict[object, Part] = {}
    for place, map in enumerate(table.maps):
        begin = FIRST_MAP + place * len(table.channels)
        rows = slice(begin, begin + len(table.channels))
        for (b, d, f, s), block, size, maps in geometries(choices, blocks, map, first=number == 1):
            at = rows, b, d, slice(None), slice(None), f, s
            key = block, size if peaks.kind == "train_memory" else 0, maps
            if key not in known:
                known[key] = _units(peaks, block, size, maps, choices, table, is_first=number == 1)
            _set(units, at, known[key].map(lambda amounts: amounts[..., None]))
            pixels[at] = prod(maps[-1])
            for p, text in enumerate(choices.pool):
                if (pool := pool_of(text)) is None:
                    continue
                try:
                    a_channel = pool_part(peaks, pool, maps[-1])
                except ArchitectureError:  # it leaves no map
                    continue
                widths = by_option[b, d, :, :, f, s, p]
                _set(pools, (*at, p), a_channel.map(widths.__mul__))
    keeps = [keeps_output(block, peaks.activation, peaks.norm) for block in blocks]
    flat = (states, -1)
    return StageMemory(
        units.map(lambda amounts: amounts.reshape(flat)),
        pools.map(lambda amounts: amounts.reshape(flat)),
        pixels.reshape(flat),
        channels,
        np.array(keeps)[table.picks["block"]],
    )


def _units(
    peaks: Peaks,
    block: Block,
    size: int,
    maps: tuple[Map, ...],
    choices: StageChoices,
    table: StageTable,
    *,
    is_first: bool,
) -> Part:
    """The units of a stage for all widths, arrays of shape (channels, widths, last widths)."""
    widths, lasts = choices.width, choices.last_width
    if isinstance(block, Inception):
        widths, lasts = (block.n_out,), ()

    def unit(at: int, ins: tuple[int, ...], outs: tuple[int, ...] | None) -> Part:
        pair = (maps[at], maps[at + 1])
        return unit_part(peaks, block, size, ins, outs, pair, is_first=is_first and at == 0)

    if len(maps) == 2:  # a single unit, which has the last width
        only = unit(0, table.channels, lasts or widths)
        return only.map(lambda amounts: amounts[:, None, :] if lasts else amounts[..., None])
    whole = unit(0, table.channels, widths).map(lambda each: each[..., None])
    for at in range(1, len(maps) - 2):
        whole = whole.then(unit(at, widths, None).map(lambda each: each[None, :, None]))
    last = unit(len(maps) - 2, widths, lasts or None)
    return whole.then(last.map(lambda each: each[None] if lasts else each[None, :, None]))


def _zeros(shape: tuple[int, ...]) -> Part:
    return Part(*(np.zeros(shape, dtype=np.int64) for _ in range(4)))


def _set(part: Part, at: tuple[object, ...], amounts: Part) -> None:
    """Sets a place of the arrays."""
    for name in ("forward", "kept", "backward", "gradients"):
        getattr(part, name)[at] = getattr(amounts, name)
