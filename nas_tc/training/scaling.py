"""Images at a network's own size: scaled batch by batch from the size at which they are stored.

Images are decoded once, and networks of a search may differ in their input. The filter is bilinear
and widens where it shrinks (antialiasing), as Pillow's. It counts in whole numbers, so the bytes
are the same on every device, in every batch, and in an exported network's `preprocess.py`.
"""

from functools import cache
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

Side = tuple[int, int]  # height and width, pixels
MOST_BITS = 22  # of a weight, as torch has it
WORD = 1 << 15  # torch keeps weights in 16 bits with a sign


def scaled(pixels: Tensor, size: Side) -> Tensor:
    """Images at another size; the same tensor if they have it already.

    Args:
        pixels: uint8, (n, height, width, channels).
        size: Height and width of the result, pixels.

    Returns:
        uint8, (n, *size, channels).
    """
    if tuple(pixels.shape[1:3]) == size:
        return pixels
    if pixels.device.type == "cpu":
        return interpolated(pixels, *size)
    return _along(_along(pixels, 2, size[1]), 1, size[0])


def interpolated(pixels: Tensor, height: int, width: int) -> Tensor:
    """Images scaled to `height` x `width`, uint8, (n, height, width, channels), on a processor.

    Args:
        pixels: uint8, (n, height, width, channels).
        height: Height of the result, pixels.
        width: Width of the result, pixels.
    """
    images = pixels.permute(0, 3, 1, 2)
    found = functional.interpolate(images, (height, width), mode="bilinear", antialias=True)
    return found.permute(0, 2, 3, 1)


def scaled_array(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """One image scaled to `height` x `width`, (height, width, channels), without torch.

    Exported networks have this function, for runtimes other than torch. Its bytes are those of
    `interpolated`.

    Args:
        pixels: Image, (height, width, channels).
        height: Height of the result, pixels.
        width: Width of the result, pixels.
    """
    for axis, side in ((1, width), (0, height)):
        if pixels.shape[axis] != side:
            places, weights, bits = taps(pixels.shape[axis], side)
            parts = np.moveaxis(pixels, axis, -1)[..., np.array(places)].astype(np.int64)
            total = (parts * np.array(weights)).sum(-1) + (1 << (bits - 1))
            pixels = np.moveaxis((total >> bits).clip(0, 255).astype(np.uint8), -1, axis)
    return pixels


def _along(pixels: Tensor, axis: int, side: int) -> Tensor:
    """What torch does on a processor with bytes, along one axis, on any device.

    torch has no such function for bytes on a GPU. Each pixel of the result is a weighted sum of a
    few in a row, in whole numbers, rounded to a byte.
    """
    if pixels.shape[axis] == side:
        return pixels
    places, weights, bits = _taps_on(pixels.shape[axis], side, pixels.device)
    shape = [1] * pixels.dim()
    shape[axis] = side
    total: int | Tensor = 1 << (bits - 1)  # a half, to round
    for place, weight in zip(places, weights, strict=True):
        total = total + pixels.index_select(axis, place).int() * weight.view(shape)
    assert isinstance(total, Tensor)
    return (total >> bits).clamp_(0, 255).to(torch.uint8)


@cache
def _taps_on(before: int, after: int, device: torch.device) -> tuple[Tensor, Tensor, int]:
    """`taps` as tensors on a device, kept: a graph uses the same memory in each replay."""
    places, weights, bits = taps(before, after)
    return (
        torch.tensor(places, dtype=torch.int64).T.contiguous().to(device),
        torch.tensor(weights, dtype=torch.int32).T.contiguous().to(device),
        bits,
    )


def taps(before: int, after: int) -> tuple[list[list[int]], list[list[int]], int]:
    """Which pixels each pixel of the result is made of, along one axis.

    Args:
        before: Side of the images, pixels.
        after: Side of the result, pixels.

    Returns:
        Indices and weights, a row for each pixel of the result; and the number of bits by which the
        weighted sum is shifted.
    """
    scale = before / after
    reach = max(scale, 1.0)  # of the filter: a triangle, as wide as two pixels of the coarser grid
    most = ceil(reach) * 2 + 1
    places, shares = [], []
    for index in range(after):
        centre = scale * (index + 0.5)
        first = max(int(centre - reach + 0.5), 0)
        last = min(int(centre + reach + 0.5), before)
        row = [max(0.0, 1 - abs((each - centre + 0.5) / reach)) for each in range(first, last)]
        total, missing = sum(row), most - len(row)
        shares.append([share / total for share in row] + [0.0] * missing)
        places.append([*range(first, last), *[last - 1] * missing])
    bits = bits_of(max(max(row) for row in shares))
    return places, [[int(share * (1 << bits) + 0.5) for share in row] for row in shares], bits


def bits_of(greatest: float) -> int:
    """The most bits with which the greatest weight fits into torch's 16.

    Args:
        greatest: Greatest weight, as a share of the sum.
    """
    bits = 0
    while bits < MOST_BITS - 1 and int(0.5 + greatest * (1 << (bits + 1))) < WORD:
        bits += 1
    return bits
