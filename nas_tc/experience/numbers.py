"""What the error of a plain network may depend on, in numbers that all spaces and images share.

Sizes of maps and of the receptive field count as shares of the image's side, so that a network and
its like for larger images have equal numbers.
"""

from collections.abc import Sequence
from math import isqrt, log2

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import Architecture, AveragePool, Conv, Layer, MaxPool, walk_parts

Floats = NDArray[np.float64]

# Logarithms to base 2 but for shares and the mean filter. Means are weighted by multiply-adds.
NUMBERS = (
    "multiply-adds a pixel of the image",
    "depth",
    "first map",
    "mean map",
    "last map",
    "first width",
    "last width",
    "mean width",
    "weights",
    "receptive field",
    "mean filter",
    "share of the first stage",
    "share of the stages between",
    "share of the last stage",
    "depth of the first stage",
    "depth of the stages between",
    "depth of the last stage",
    "stride",
)
# What a stage adds to the numbers of its network: six sums over its convolutions (their number,
# multiply-adds, these times the map, these times the filter, weights, widths), the growth of the
# receptive field in pixels of the stage's input, the product of its strides, and map and width of
# its first and its last convolution.
PART = 12
LEFT_OUT = (0.0,) * 7 + (1.0,) + (0.0,) * 4
_SUMS, _REACH, _STRIDE, _FIRST, _LAST = slice(6), 6, 7, slice(8, 10), slice(10, 12)
_COUNT, _MACS = 0, 1


def part_of(layers: Sequence[Layer], side: int) -> tuple[float, ...]:
    """What a stage of plain convolutions adds, `PART` numbers.

    Args:
        layers: Layers of the stage, as `walk_parts` gives them.
        side: Side of the network's images, pixels.
    """
    sums = np.zeros(6)
    reach, stride = 0.0, 1.0
    ends: list[tuple[float, float]] = []
    for layer in layers:
        if isinstance(layer, Conv):
            reach += (layer.filter - 1) * stride
            stride *= layer.stride
            _, height, width = layer.output
            map = log2(height * width) / 2 - log2(side)
            macs, channels = float(layer.complexity), log2(layer.n_out)
            sums += (1, macs, macs * map, macs * layer.filter, layer.weights, channels)
            ends.append((map, channels))
        elif isinstance(layer, MaxPool | AveragePool):
            reach += (layer.size - 1) * stride
            stride *= layer.stride
    return (*sums.tolist(), reach, stride, *ends[0], *ends[-1])


def numbers_of(architecture: Architecture) -> Floats:
    """The numbers of one network of plain convolutions, shape (NUMBERS,)."""
    side = isqrt(architecture.input[1] * architecture.input[2])
    *stages, _ = walk_parts(architecture)
    found: Floats = joined(np.array([[part_of(layers, side)] for layers in stages]), side)[0]
    return found


def joined(parts: Floats, side: int) -> Floats:
    """The numbers of networks, shape (networks, NUMBERS).

    Args:
        parts: What each stage of each network adds, shape (stages, networks, PART); `LEFT_OUT`
            where the network has ended before.
        side: Side of the images, pixels.
    """
    sums, networks = parts[:, :, _SUMS], np.arange(parts.shape[1])
    end = (sums[:, :, _COUNT] > 0).sum(axis=0) - 1  # number of the last stage
    total, first, last = sums.sum(axis=0), sums[0], sums[end, networks]
    between = np.maximum(total - first - last, 0.0)  # 0 where the first stage is the last
    depth, macs, by_map, by_filter, weights, widths = total.T
    strides = np.cumprod(parts[:, :, _STRIDE], axis=0)
    field = 1 + parts[0, :, _REACH] + (strides[:-1] * parts[1:, :, _REACH]).sum(axis=0)
    first_map, first_width = parts[0, :, _FIRST].T
    last_map, last_width = parts[end, networks, _LAST].T
    found: Floats = np.column_stack(
        [
            np.log2(macs) - 2 * log2(side),
            np.log2(depth),
            first_map,
            by_map / macs,
            last_map,
            first_width,
            last_width,
            widths / depth,
            np.log2(weights),
            np.log2(field) - log2(side),
            by_filter / macs,
            *(each[:, _MACS] / macs for each in (first, between, last)),
            *(np.log2(1 + each[:, _COUNT]) for each in (first, between, last)),
            np.log2(strides[-1]),
        ]
    )
    return found
