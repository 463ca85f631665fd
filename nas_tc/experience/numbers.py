"""What the error of a plain network may depend on, in numbers that all spaces and images share.

Sizes of maps and of the receptive field count as shares of the image's side, so that a network and
its like for larger images have equal numbers.
"""

from collections.abc import Iterator
from math import isqrt, log2
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import Architecture, Stage, pooled, stage_maps

Floats = NDArray[np.float64]

# Logarithms to base 2 but for shares, the mean filter and the count of poolings of stride 1. Means
# are weighted by multiply-adds. A pooling's overlap is the logarithm of its size over its stride.
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
    "overlap of the first pooling",
    "overlap of the poolings behind",
    "poolings of stride 1",
    "stride of the poolings",
)
# What a stage adds to the numbers of its network: six sums over its convolutions (their number,
# multiply-adds, these times the map, these times the filter, weights, widths), three of its pooling
# (overlap, whether its stride is 1, the logarithm of its stride), the growth of the receptive field
# in pixels of the stage's input, the product of its strides, and map and width of its first and its
# last convolution.
PART = 15
LEFT_OUT = (0.0,) * 10 + (1.0,) + (0.0,) * 4
_SUMS, _COUNT, _POOLINGS, _REACH, _STRIDE = slice(6), 0, slice(6, 9), 9, 10
_FIRST_MAP, _FIRST_WIDTH, _LAST_MAP, _LAST_WIDTH = 11, 12, 13, 14


class Part(NamedTuple):
    """What a stage adds to the numbers of its network."""

    fixed: tuple[float, ...]  # whatever the channels before it, shape (PART,)
    a_channel: tuple[float, ...]  # for each channel before it, shape (PART,)
    map: tuple[int, int]  # height and width behind it


def part_of(stage: Stage, map: tuple[int, int], side: int, *, first: bool) -> Part:
    """What a stage of plain convolutions adds.

    Args:
        stage: The stage.
        map: Height and width of its input.
        side: Side of the network's images, pixels.
        first: Whether it is the first stage.

    Raises:
        ArchitectureError: Its map shrinks to nothing.
    """
    height, width = map
    reach, stride = stage.filter - 1.0, float(stage.stride)
    reach += (stage.depth - 1) * (stage.filter - 1) * stride
    ends: list[tuple[float, float]] = []
    count = macs = by_map = by_filter = weights = widths = 0.0
    of_a_channel: tuple[float, ...] = ()
    maps = stage_maps(stage, height, width, first=first)
    channels = 0
    for n_out, (_, height, width) in zip(stage.widths, maps, strict=True):
        size, logarithm = log2(height * width) / 2 - log2(side), log2(n_out)
        ends.append((size, logarithm))
        count += 1
        widths += logarithm
        a_channel = stage.filter**2 * n_out  # weights
        a_map = float(a_channel * height * width)  # multiply-adds
        if not of_a_channel:  # the first convolution: what is before it comes later
            of_a_channel = 0.0, a_map, a_map * size, a_map * stage.filter, float(a_channel)
        weights += channels * a_channel
        macs += channels * a_map
        by_map += channels * a_map * size
        by_filter += channels * a_map * stage.filter
        channels = n_out
    pooling = 0.0, 0.0, 0.0
    if (pool := stage.pool) is not None:
        reach += (pool.size - 1) * stride
        stride *= pool.stride
        height, width = pooled(pool, height, width)
        still = pool.stride == 1
        pooling = 0.0 if still else log2(pool.size / pool.stride), float(still), log2(pool.stride)
    sums = count, macs, by_map, by_filter, weights, widths
    fixed = (*sums, *pooling, reach, stride, *ends[0], *ends[-1])
    rest = (0.0,) * (PART - len(of_a_channel))
    return Part(fixed, (*of_a_channel, *rest), (height, width))


def parts_of(architecture: Architecture) -> Iterator[Floats]:
    """What each stage of a network of plain convolutions adds; raises as `part_of` does.

    Args:
        architecture: The network.

    Yields:
        `PART` numbers of a stage.
    """
    channels, *map = architecture.input
    side = isqrt(map[0] * map[1])
    for number, stage in enumerate(architecture.stages):
        part = part_of(stage, (map[0], map[1]), side, first=number == 0)
        yield np.array(part.fixed) + channels * np.array(part.a_channel)
        channels, map = stage.widths[-1], list(part.map)


def numbers_of(architecture: Architecture) -> Floats:
    """The numbers of one network of plain convolutions, shape (NUMBERS,).

    Args:
        architecture: The network.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    side = isqrt(architecture.input[1] * architecture.input[2])
    parts = np.array([[each] for each in parts_of(architecture)])
    found: Floats = joined(parts, side)[0]
    return found


def joined(parts: Floats, side: int) -> Floats:
    """The numbers of networks, shape (networks, NUMBERS).

    Args:
        parts: What each stage of each network adds, shape (stages, networks, PART); `LEFT_OUT`
            where the network has ended before.
        side: Side of the images, pixels.
    """
    networks = np.arange(parts.shape[1])
    end = (parts[:, :, _COUNT] > 0).sum(axis=0) - 1  # number of the last stage
    total, first, last = parts[:, :, _SUMS].sum(axis=0), parts[0], parts[end, networks]
    ends = np.stack([first[:, :2], total[:, :2] - first[:, :2] - last[:, :2], last[:, :2]])
    counts, macs_of = np.maximum(ends, 0.0).transpose(2, 0, 1)  # the first may be the last
    strides = np.cumprod(parts[:, :, _STRIDE], axis=0)
    field = 1 + first[:, _REACH] + (strides[:-1] * parts[1:, :, _REACH]).sum(axis=0)
    depth, macs, by_map, by_filter, weights, widths = total.T
    found = np.empty((len(networks), len(NUMBERS)))
    sizes = np.stack([macs, depth, weights, field, *(counts + 1), strides[-1]])
    logarithms = np.log2(sizes)
    found[:, 0] = logarithms[0] - 2 * log2(side)
    found[:, 1] = logarithms[1]
    found[:, 2] = first[:, _FIRST_MAP]
    found[:, 3] = by_map / macs
    found[:, 4] = last[:, _LAST_MAP]
    found[:, 5] = first[:, _FIRST_WIDTH]
    found[:, 6] = last[:, _LAST_WIDTH]
    found[:, 7] = widths / depth
    found[:, 8] = logarithms[2]
    found[:, 9] = logarithms[3] - log2(side)
    found[:, 10] = by_filter / macs
    found[:, 11:14] = (macs_of / macs).T
    found[:, 14:18] = logarithms[4:].T
    poolings = parts[:, :, _POOLINGS].sum(axis=0)
    found[:, 18] = first[:, _POOLINGS][:, 0]
    found[:, 19] = poolings[:, 0] - found[:, 18]
    found[:, 20:] = poolings[:, 1:]
    return found
