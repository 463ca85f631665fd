"""What the error of a network may depend on, in numbers that all spaces and images share.

Sizes of maps and of the receptive field count as shares of the image's side, so that a network and
its like for larger images have equal numbers.
"""

from math import isqrt

import numpy as np

from nas_tc.architecture import Architecture
from nas_tc.errors import ArchitectureError
from nas_tc.experience.parts import (
    COUNT,
    FIRST_MAP,
    FIRST_WIDTH,
    LAST_MAP,
    LAST_WIDTH,
    POOLINGS,
    REACH,
    STRIDE,
    SUMS,
    Floats,
    parts_behind,
)

# Logarithms to base 2 but for shares, the mean filter, the count of poolings of stride 1 and
# whether the head has a hidden layer. Means are weighted by multiply-adds. A pooling's overlap is
# the logarithm of its size over its stride. A unit of a block has one to three convolutions.
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
    "units",
    "shortcuts",
    "side of the image",
    "hidden layer",
)


def numbers_of(architecture: Architecture, largest: int | None = None) -> Floats:
    """The numbers of one network, shape (NUMBERS,).

    Args:
        architecture: The network.
        largest: Side of the images that it was chosen for, pixels, if it sees smaller ones.

    Raises:
        ArchitectureError: A map shrinks to nothing, or a block does not fit the channels.
    """
    channels, *sides = architecture.input
    map = sides[0], sides[1]
    parts = []
    for number, stage in enumerate(architecture.stages):
        part, map = parts_behind(stage, (channels,), map, first=number == 0)
        if np.isnan(part).any():
            raise ArchitectureError(
                f"stage {number + 1} does not fit the {channels} channels before it"
            )
        parts.append(part)
        channels = stage.widths[-1]
    side = np.array([isqrt(sides[0] * sides[1])])
    has_hidden = np.array([bool(architecture.head.hidden)])
    found: Floats = joined(np.array(parts), side, largest or int(side[0]), has_hidden)[0]
    return found


def joined(parts: Floats, sides: Floats, largest: int, has_hidden: Floats) -> Floats:
    """The numbers of networks, shape (networks, NUMBERS).

    Args:
        parts: What each stage of each network adds, shape (stages, networks, PART); `LEFT_OUT`
            where the network has ended before.
        sides: Side of the images that each network sees, pixels, shape (networks,).
        largest: Side of the largest images, pixels.
        has_hidden: Whether each network's head has a hidden layer, shape (networks,).
    """
    networks = np.arange(parts.shape[1])
    side = np.log2(sides)
    end = (parts[:, :, COUNT] > 0).sum(axis=0) - 1  # number of the last stage
    total, first, last = parts[:, :, SUMS].sum(axis=0), parts[0], parts[end, networks]
    ends = np.stack([first[:, :2], total[:, :2] - first[:, :2] - last[:, :2], last[:, :2]])
    counts, macs_of = np.maximum(ends, 0.0).transpose(2, 0, 1)  # the first may be the last
    strides = np.cumprod(parts[:, :, STRIDE], axis=0)
    field = 1 + first[:, REACH] + (strides[:-1] * parts[1:, :, REACH]).sum(axis=0)
    depth, macs, by_map, by_filter, weights, widths, units, shortcuts = total.T
    found = np.empty((len(networks), len(NUMBERS)))
    sizes = np.stack([macs, depth, weights, field, *(counts + 1), strides[-1], units])
    logarithms = np.log2(sizes)
    found[:, 0] = logarithms[0] - 2 * side
    found[:, 1] = logarithms[1]
    found[:, 2] = first[:, FIRST_MAP] - side
    found[:, 3] = by_map / macs - side
    found[:, 4] = last[:, LAST_MAP] - side
    found[:, 5] = first[:, FIRST_WIDTH]
    found[:, 6] = last[:, LAST_WIDTH]
    found[:, 7] = widths / depth
    found[:, 8] = logarithms[2]
    found[:, 9] = logarithms[3] - side
    found[:, 10] = by_filter / macs
    found[:, 11:14] = (macs_of / macs).T
    found[:, 14:18] = logarithms[4:8].T
    poolings = parts[:, :, POOLINGS].sum(axis=0)
    found[:, 18] = first[:, POOLINGS][:, 0]
    found[:, 19] = poolings[:, 0] - found[:, 18]
    found[:, 20:22] = poolings[:, 1:]
    found[:, 22] = logarithms[8]
    found[:, 23] = np.log2(shortcuts + 1)
    found[:, 24] = side - np.log2(largest)
    found[:, 25] = has_hidden
    return found
