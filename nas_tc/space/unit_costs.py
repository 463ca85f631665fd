"""What a unit of a block costs for each pixel, from one walk at a size that stands for all.

A unit's convolutions compute maps of the size of its input, of its output, or of one pixel. So its
complexity is linear in the pixels of both maps, whatever these are, and so are its parameters and
the values that it keeps in training.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import IMAGES, Activation, Block, Conv, Layer, Plain, Unit, volume
from nas_tc.cost.int8 import BIAS_BYTES, int8_bytes_of
from nas_tc.errors import ArchitectureError

Ints = NDArray[np.int64]

# What is counted: multiply-adds; parameters; values that a training step keeps of an image from the
# forward to the backward pass, at the least; bytes of the weights in int8.
COMPLEXITY, PARAMS, KEPT, INT8_WEIGHTS = 0, 1, 2, 3
MEASURES = 4

_IN, _OUT = 64, 32  # sides of the maps of the walk, pixels


def unit_costs(
    block: Block,
    filter: int,
    ins: tuple[int, ...],
    outs: tuple[int, ...],
    *,
    resizes: bool,
    norm: bool,
) -> Ints:
    """The costs of a unit for all pairs of input and output channels.

    Args:
        block: Block of the unit.
        filter: Side of its filter, pixels.
        ins: Numbers of input channels.
        outs: Numbers of output channels.
        resizes: Whether the output map has another size than the input map.
        norm: Whether a batch normalisation follows each convolution.

    Returns:
        For each measure its amount for a pixel of the input map, for a pixel of the output map, and
        besides, shape (4, 3, ins, outs); -1 where the block does not fit.
    """
    if block == Plain():  # the paper's own formula; other blocks are walked
        costs = np.zeros((MEASURES, 3, len(ins), len(outs)), dtype=np.int64)
        weights = filter**2 * np.outer(ins, outs)
        costs[COMPLEXITY, 1] = weights
        costs[PARAMS, 2] = weights + np.array(outs) * (2 if norm else 1)
        costs[INT8_WEIGHTS, 2] = weights + np.array(outs) * BIAS_BYTES
        costs[KEPT, 0] = np.array(ins)[:, None]
        costs[KEPT, 1] = np.array(outs) if norm else 0
        return costs
    found = [
        [_unit_cost(block, filter, n_in, n_out, resizes, norm) for n_out in outs] for n_in in ins
    ]
    return np.moveaxis(np.array(found, dtype=np.int64), (2, 3), (0, 1))


def unit_layers(
    block: Block,
    filter: int,
    n_in: int,
    n_out: int,
    sides: tuple[int, int],
    *,
    norm: bool,
    activation: Activation = "relu",
) -> tuple[Layer, ...]:
    """The layers of a unit, for a walk at sizes that stand for all.

    Args:
        block: Block of the unit.
        filter: Side of its filter, pixels.
        n_in: Channels of its input.
        n_out: Channels of its output.
        sides: Sides of its input and output map, pixels.
        norm: Whether a batch normalisation follows each convolution.
        activation: Activation of the network.

    Raises:
        ArchitectureError: The block does not fit these channels.
    """
    before, behind = sides
    unit = Unit(
        name="unit",
        input=(n_in, before, before),
        n_out=n_out,
        filter=filter,
        stride=before // behind,
        padding=filter // 2,
        height=behind,
        width=behind,
        norm=norm,
        activation=activation,
        source=IMAGES,
    )
    return tuple(block.layers(unit))


@lru_cache(maxsize=1 << 16)
def _unit_cost(
    block: Block, filter: int, n_in: int, n_out: int, resizes: bool, norm: bool
) -> tuple[tuple[int, int, int], ...]:
    side = _OUT if resizes else _IN
    try:
        layers = unit_layers(block, filter, n_in, n_out, (_IN, side), norm=norm)
    except ArchitectureError:
        return ((-1, -1, -1),) * MEASURES
    macs = _by_map(layers, [layer.complexity for layer in layers], side)
    kept = _by_map(layers, [_kept(layer) for layer in layers], side)
    params = sum(layer.params for layer in layers)
    in_int8 = int8_bytes_of(layers)
    return macs, (0, 0, params), (kept[0] + n_in, *kept[1:]), (0, 0, in_int8)


def _kept(layer: Layer) -> int:
    """Values that the normalisation behind a convolution keeps: the map that it normalises."""
    return volume(layer.output) if isinstance(layer, Conv) and layer.norm else 0


def _by_map(layers: tuple[Layer, ...], amounts: list[int], side: int) -> tuple[int, int, int]:
    """Amounts of layers for a pixel of the input map, a pixel of the output map, and besides."""
    found = {(_IN, _IN): 0, (side, side): 0, (1, 1): 0}
    for layer, amount in zip(layers, amounts, strict=True):
        found[layer.output[1:]] += amount
    from_input = found[_IN, _IN] // _IN**2 if side != _IN else 0
    return from_input, found[side, side] // side**2, found[1, 1]
