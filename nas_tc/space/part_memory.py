"""Memory of a unit of a block, of a pooling and of a head.

All maps of a unit have the pixels of its input, of its output, or one. So a unit is walked once, at
sizes whose digits tell these apart, for maps of every size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import (
    Activation,
    Architecture,
    Block,
    Head,
    Layer,
    Pool,
    Stage,
    stage_layers,
    volume,
    walk,
)
from nas_tc.cost.int8 import int8_live_values
from nas_tc.cost.memory import backward_values, live_values, saved_values
from nas_tc.cost.tensors import Op, part_ops
from nas_tc.errors import ArchitectureError
from nas_tc.space.peaks import Part, Peaks
from nas_tc.space.unit_costs import unit_layers

Ints = NDArray[np.int64]

_BYTES = 4  # float32
_WIDEST = 1 << 12  # channels; no unit that does not fit up to there is looked at
_DIGIT = 40  # bits: more values than a unit has for a pixel
_IN, _OUT = 1 << _DIGIT, 1 << _DIGIT // 2  # sides of the maps of the walk, pixels


@lru_cache(maxsize=1 << 12)
def unit_part(
    peaks: Peaks,
    block: Block,
    filter: int,
    ins: tuple[int, ...],
    outs: tuple[int, ...] | None,
    maps: tuple[tuple[int, int], tuple[int, int]],
    *,
    is_first: bool = False,
) -> Part:
    """A unit for all pairs of input and output channels, arrays of shape (ins, outs).

    Args:
        peaks: What is asked.
        block: Block of the unit.
        filter: Side of its filter, pixels.
        ins: Numbers of input channels.
        outs: Numbers of output channels; None: as many as come in, arrays of shape (ins,).
        maps: Input and output map, pixels.
        is_first: Whether its input is the images.
    """
    if peaks.kind != "train_memory":
        filter = 1  # maps are the same with any
    before, behind = maps
    rows = _rows(peaks, block, filter, ins, outs, before != behind, is_first)
    return _sized(peaks, rows, np.array([prod(before), prod(behind), 1]))


def pool_part(peaks: Peaks, pool: Pool, map: tuple[int, int]) -> Part:
    """A pooling of a map of one channel; each amount grows with the channels."""
    layers = tuple(_pool_layers(pool, map))
    steps = part_ops(layers, training=peaks.kind == "train_memory", before=_input(prod(map)))
    return _sized(peaks, _stacked([_amounts(peaks, steps, 0)]), np.array([0, 0, 1])).map(_only)


@lru_cache(maxsize=1 << 12)
def head_part(
    peaks: Peaks, head: Head, classes: int, channels: int, pixels: int, is_kept: bool
) -> Part:
    """The head behind a map.

    Args:
        peaks: What is asked.
        head: The head.
        classes: Number of classes.
        channels: Channels of the last map.
        pixels: Its pixels.
        is_kept: Whether the part before keeps its output.
    """
    bare = Architecture(
        (1, 1, pixels), (Stage(1, channels, 1),), head, classes, activation=peaks.activation
    )
    training = peaks.kind == "train_memory"
    before = _input(channels * pixels, is_kept)
    steps = part_ops(walk(bare)[1:], training=training, before=before)
    return _sized(peaks, _stacked([_amounts(peaks, steps, 0)]), np.array([0, 0, 1])).map(_only)


@lru_cache(maxsize=256)
def keeps_output(block: Block, activation: Activation, norm: bool) -> bool:
    """Whether the last operation of a unit keeps its output for the backward pass."""
    for width in range(1, _WIDEST):
        try:
            layers = _layers(block, 1, width, width, True, norm, activation)
        except ArchitectureError:  # its groups, its reduction or its branches need another width
            continue
        steps = part_ops(layers, training=True)
        return any(steps[-1].writes in op.keeps for op in steps)
    return False


def _input(size: int, is_kept: bool = False) -> Op:
    return Op((), 0, size, keeps=(0,) if is_kept else ())


def _pool_layers(pool: Pool, map: tuple[int, int]) -> Sequence[Layer]:
    """A pooling alone: the last layer of a stage with a 1x1 filter."""
    stage = Stage(1, 1, 1, pool=pool)
    return tuple(stage_layers(stage, (1, *map), number=2, norm=False))[1:]


def _layers(
    block: Block,
    filter: int,
    n_in: int,
    n_out: int,
    resizes: bool,
    norm: bool,
    activation: Activation,
) -> tuple[Layer, ...]:
    sides = (_IN if resizes else _OUT, _OUT)
    return unit_layers(block, filter, n_in, n_out, sides, norm=norm, activation=activation)


@lru_cache(maxsize=1 << 10)
def _rows(
    peaks: Peaks,
    block: Block,
    filter: int,
    ins: tuple[int, ...],
    outs: tuple[int, ...] | None,
    resizes: bool,
    is_first: bool,
) -> "_Rows":
    pairs = [(n_in, n_out) for n_in in ins for n_out in (outs or (n_in,))]
    found = [_unit_amounts(peaks, block, filter, *pair, resizes, is_first) for pair in pairs]
    return _stacked(found).shaped(len(ins), *([] if outs is None else [len(outs)]))


@dataclass(frozen=True)
class _Amounts:
    """Numbers of values of a part, each of its operations a number, the digits telling the maps."""

    forward: tuple[int, ...] = (0,)
    backward: tuple[tuple[int, int], ...] = ((0, 0),)  # of tensors; of gradients of weights
    kept: int = 0
    params: int = 0


@dataclass(frozen=True)
class _Rows:
    """Amounts of several parts: last come values for a pixel of the input, of the output, others.

    The rows before them are operations, and with `backward` the gradients of weights are a fourth.
    """

    forward: Ints
    backward: Ints
    kept: Ints
    params: Ints

    def shaped(self, *shape: int) -> "_Rows":
        """The parts as an array of this shape."""
        parts = (self.forward, self.backward, self.kept, self.params)
        return _Rows(*(each.reshape(*shape, *each.shape[1:]) for each in parts))


@lru_cache(maxsize=1 << 16)
def _unit_amounts(
    peaks: Peaks, block: Block, filter: int, n_in: int, n_out: int, resizes: bool, is_first: bool
) -> _Amounts:
    try:
        layers = _layers(block, filter, n_in, n_out, resizes, peaks.norm, peaks.activation)
    except ArchitectureError:  # the block does not fit; no network has it
        return _Amounts()
    images = volume((n_in, 1, 1)) * (_IN if resizes else _OUT) ** 2
    before = None if is_first else _input(images)
    steps = part_ops(layers, training=peaks.kind == "train_memory", before=before)
    return _amounts(peaks, steps, images if is_first else 0)


def _amounts(peaks: Peaks, steps: tuple[Op, ...], images: int) -> _Amounts:
    """Amounts of a part; `images` is the number of values of an image, 0 behind the first part."""
    if peaks.kind == "memory_int8":
        return _Amounts(tuple(int8_live_values(steps, images)))
    if peaks.kind == "memory":  # the images stay until the end
        return _Amounts(tuple(live_values(steps, images, keep=False)), kept=images)
    last = steps[-1]
    is_kept = any(last.writes in op.keeps for op in steps)
    return _Amounts(
        tuple(live_values(steps, images, keep=True)),
        tuple((values, gradients) for values, gradients, _ in backward_values(steps, images)),
        saved_values(steps, images) - (last.size if is_kept else 0),
        sum(op.params for op in steps),
    )


def _stacked(parts: Sequence[_Amounts]) -> _Rows:
    rows = max(len(part.forward) for part in parts), max(len(part.backward) for part in parts)
    forward = np.zeros((len(parts), rows[0], 3), dtype=np.int64)
    backward = np.zeros((len(parts), rows[1], 4), dtype=np.int64)
    for place, part in enumerate(parts):
        for row, values in enumerate(part.forward):
            forward[place, row] = _digits(values)
        for row, (values, gradients) in enumerate(part.backward):
            backward[place, row] = (*_digits(values), gradients)
    kept = np.array([_digits(part.kept) for part in parts], dtype=np.int64)
    return _Rows(forward, backward, kept, np.array([part.params for part in parts]))


def _digits(values: int) -> tuple[int, int, int]:
    """Values for a pixel of the input, for a pixel of the output, and besides."""
    mask = (1 << _DIGIT) - 1
    return values >> 2 * _DIGIT, values >> _DIGIT & mask, values & mask


def _sized(peaks: Peaks, rows: _Rows, pixels: Ints) -> Part:
    size = peaks.value_bytes
    values = rows.backward[..., :3] @ pixels * size
    return Part(
        (rows.forward @ pixels).max(axis=-1) * size,
        rows.kept @ pixels * size,
        (values + _BYTES * rows.backward[..., 3]).max(axis=-1),
        _BYTES * rows.params,
    )


def _only(amounts: Ints) -> int:
    """The amount of a single part."""
    return int(amounts[0])
