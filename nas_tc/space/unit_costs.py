"""What a unit of a block costs for each pixel, from one walk at a size that stands for all.

A unit's convolutions compute maps of the size of its input, of its output, or of one pixel. So its
complexity is linear in the pixels of both maps, whatever these are.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import IMAGES, Block, Plain, Unit
from nas_tc.errors import ArchitectureError

Ints = NDArray[np.int64]

_IN, _OUT = 64, 32  # sides of the maps of the walk, pixels


class UnitCost(NamedTuple):
    """Multiply-adds of a unit: for each pixel of its input map, of its output map, and besides."""

    a_pixel_in: int
    a_pixel_out: int
    besides: int


def unit_costs(
    block: Block, filter: int, ins: tuple[int, ...], outs: tuple[int, ...], *, resizes: bool
) -> Ints:
    """The costs of a unit for all pairs of input and output channels.

    Args:
        block: Block of the unit.
        filter: Side of its filter, pixels.
        ins: Numbers of input channels.
        outs: Numbers of output channels.
        resizes: Whether the output map has another size than the input map.

    Returns:
        The three numbers of `UnitCost`, shape (3, ins, outs); -1 where the block does not fit.
    """
    if block == Plain():  # the paper's own formula; other blocks are walked
        costs = np.zeros((3, len(ins), len(outs)), dtype=np.int64)
        costs[1] = filter**2 * np.outer(ins, outs)
        return costs
    found = [[_unit_cost(block, filter, n_in, n_out, resizes) for n_out in outs] for n_in in ins]
    return np.moveaxis(np.array(found, dtype=np.int64), 2, 0)


@lru_cache(maxsize=1 << 16)
def _unit_cost(block: Block, filter: int, n_in: int, n_out: int, resizes: bool) -> UnitCost:
    side = _OUT if resizes else _IN
    unit = Unit(
        name="unit",
        input=(n_in, _IN, _IN),
        n_out=n_out,
        filter=filter,
        stride=_IN // side,
        padding=filter // 2,
        height=side,
        width=side,
        norm=True,
        activation="relu",
        source=IMAGES,
    )
    costs = {(_IN, _IN): 0, (side, side): 0, (1, 1): 0}
    try:
        for layer in block.layers(unit):
            costs[layer.output[1:]] += layer.complexity
    except ArchitectureError:
        return UnitCost(-1, -1, -1)
    from_input = costs[_IN, _IN] // _IN**2 if resizes else 0
    return UnitCost(from_input, costs[side, side] // side**2, costs[1, 1])
