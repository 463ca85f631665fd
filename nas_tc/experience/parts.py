"""What each stage of a network adds to the numbers of the network."""

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from math import log2
from operator import add
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import (
    Add,
    Block,
    Conv,
    GlobalPool,
    Scale,
    Stage,
    Unit,
    pooled,
    stage_maps,
)
from nas_tc.errors import ArchitectureError

Floats = NDArray[np.float64]
Map = tuple[int, int]  # height and width, pixels

# Eight sums over the convolutions of a stage (their number, multiply-adds, these times the map,
# these times the filter, weights, widths, its units, their shortcuts), three of its pooling
# (overlap, whether its stride is 1, the logarithm of its stride), the growth of the receptive field
# in pixels of the stage's input, the product of its strides, and map and width of its first and its
# last convolution. Maps and widths are logarithms to base 2.
PART = 17
_SUMS = 8
SUMS, COUNT, POOLINGS, REACH, STRIDE = slice(_SUMS), 0, slice(_SUMS, 11), 11, 12
FIRST_MAP, FIRST_WIDTH, LAST_MAP, LAST_WIDTH = 13, 14, 15, 16
LEFT_OUT = (0.0,) * STRIDE + (1.0,) + (0.0,) * 4  # of a stage behind the network's end


class _UnitPart(NamedTuple):
    """What a unit adds to its stage."""

    sums: tuple[float, ...]
    reach: float
    stride: float
    first: tuple[float, float]  # map and width of its first convolution
    last: tuple[float, float]  # of its last


def parts_behind(
    stage: Stage, channels: tuple[int, ...], size: Map, *, first: bool
) -> tuple[Floats, Map]:
    """What a stage adds behind these numbers of channels, and the map behind it.

    Args:
        stage: The stage.
        channels: Channels of its input, one or several possible numbers.
        size: Height and width of its input.
        first: Whether it is the first stage.

    Returns:
        Shape (channels, PART), not a number where the stage's block does not fit the channels; and
        height and width.

    Raises:
        ArchitectureError: Its map shrinks to nothing.
    """
    (padding, *out), *more = stage_maps(stage, *size, first=first)
    block, filter = stage.block, stage.filter
    n_in, map_out = stage.widths[0], (out[0], out[1])
    begin = _first_units(block, n_in, filter, stage.stride, padding, size, map_out, channels)
    rest, reach, last = (0.0,) * _SUMS, 0.0, None  # of the units behind the first
    for n_out, (padding, *out) in zip(stage.widths[1:], more, strict=True):
        map_in, map_out = map_out, (out[0], out[1])
        unit = _unit_part(block, n_out, filter, 1, padding, map_in, map_out, n_in)
        rest = tuple(map(add, rest, unit.sums))
        reach, last, n_in = reach + unit.reach, unit.last, n_out
    pool_stride, pooling = 1, (0.0, 0.0, 0.0)
    if (pool := stage.pool) is not None:
        map_out = pooled(pool, *map_out)
        reach, pool_stride = reach + pool.size - 1, pool.stride
        still = pool.stride == 1
        pooling = 0.0 if still else log2(pool.size / pool.stride), float(still), log2(pool.stride)
    found: Floats = begin + np.array((*rest, *pooling, *(0.0,) * (PART - _SUMS - len(pooling))))
    found[:, REACH] += found[:, STRIDE] * reach
    found[:, STRIDE] *= pool_stride
    if last is not None:
        found[:, LAST_MAP:] = last
    return found, map_out


@lru_cache(maxsize=1 << 14)
def _first_units(
    block: Block,
    n_out: int,
    filter: int,
    stride: int,
    padding: int,
    size: Map,
    out: Map,
    channels: tuple[int, ...],
) -> Floats:
    """The part of a stage of one unit without a pooling, behind each number of channels."""
    found = np.full((len(channels), PART), np.nan)
    for row, n_in in enumerate(channels):
        with suppress(ArchitectureError):  # the block does not fit these channels
            unit = _unit_part(block, n_out, filter, stride, padding, size, out, n_in)
            found[row] = *unit.sums, 0, 0, 0, unit.reach, unit.stride, *unit.first, *unit.last
    return found


@lru_cache(maxsize=1 << 15)
def _unit_part(
    block: Block, n_out: int, filter: int, stride: int, padding: int, size: Map, out: Map, n_in: int
) -> _UnitPart:
    """What a unit adds; raises ArchitectureError if its block does not fit the channels.

    Shortcuts count by their number, squeeze-and-excitation not at all.
    """
    unit = Unit(
        "unit", (n_in, *size), n_out, filter, stride, padding, *out, True, "relu", "before"
    )  # fmt: skip
    count = macs = by_map = by_filter = weights = widths = reach = shortcuts = 0.0
    jump = 1.0
    ends: list[tuple[float, float]] = []
    for layer in _main_path(block, unit):
        if isinstance(layer, Add):
            shortcuts += 1
            continue
        side = log2(layer.output[1] * layer.output[2]) / 2
        ends.append((side, log2(layer.n_out)))
        work = float(layer.complexity)
        count += 1
        macs += work
        by_map += work * side
        by_filter += work * layer.filter
        weights += layer.weights
        widths += ends[-1][1]
        reach += jump * layer.dilation * (layer.filter - 1)
        jump *= layer.stride
    sums = count, macs, by_map, by_filter, weights, widths, 1.0, shortcuts
    return _UnitPart(sums, reach, jump, ends[0], ends[-1])


def _main_path(block: Block, unit: Unit) -> Iterator[Conv | Add]:
    """A unit's convolutions in a row, and its sum."""
    is_beside = False
    for layer in block.layers(unit):
        if isinstance(layer, GlobalPool):  # squeeze-and-excitation until the map is scaled
            is_beside = True
        elif isinstance(layer, Scale):
            is_beside = False
        elif isinstance(layer, Add) or (
            isinstance(layer, Conv) and not layer.source and not is_beside
        ):
            yield layer
