"""Max pooling of 2x2 with stride 2 on a processor, in whole lines of 16-bit numbers.

bfloat16 numbers that are not negative, which is what a ReLU leaves, are ordered as the integers
with the same bits are, and processors compare integers of 16 bits faster than torch compares
bfloat16: half the time of torch's own pooling, forwards and backwards together.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def max_pool_halves(maps: Tensor) -> Tensor:
    """`functional.max_pool2d(maps, 2)` for maps that follow a ReLU, in channels_last format.

    Among equal maxima of a window, the gradient may go to another one than torch's.
    """
    height, width = maps.shape[2:]
    suits = (
        maps.dtype == torch.bfloat16
        and maps.device.type == "cpu"
        and height % 2 == width % 2 == 0
        and maps.is_contiguous(memory_format=torch.channels_last)
    )
    if not suits:
        return functional.max_pool2d(maps, 2)
    pooled: Tensor = _MaxPoolHalves.apply(maps)  # type: ignore[no-untyped-call]
    return pooled


class _MaxPoolHalves(torch.autograd.Function):
    """First the larger of two lines, then the larger of two neighbours within a line."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor) -> Tensor:
        count, channels, height, width = maps.shape
        bits = maps.permute(0, 2, 3, 1).view(torch.int16)
        pairs = bits.view(count, height // 2, 2, width * channels)
        lines = torch.maximum(pairs[:, :, 0], pairs[:, :, 1])
        lines = lines.view(count, height // 2, width // 2, 2 * channels)
        pooled = torch.maximum(lines[..., :channels], lines[..., channels:])
        ctx.save_for_backward(pairs, lines, pooled)
        return pooled.view(torch.bfloat16).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        pairs, lines, pooled = ctx.saved_tensors
        count, half, _, channels = pooled.shape
        gradient = gradients[0].permute(0, 2, 3, 1).contiguous().view(torch.int16)
        of_lines = torch.empty_like(lines)
        left, right = of_lines[..., :channels], of_lines[..., channels:]
        torch.bitwise_and(gradient, _where_equal(lines[..., :channels], pooled), out=left)
        torch.bitwise_xor(gradient, left, out=right)  # what did not go left
        of_pairs = torch.empty_like(pairs)
        above, below = of_pairs[:, :, 0], of_pairs[:, :, 1]
        of_lines, lines = of_lines.view(above.shape), lines.view(above.shape)
        torch.bitwise_and(of_lines, _where_equal(pairs[:, :, 0], lines), out=above)
        torch.bitwise_xor(of_lines, above, out=below)
        found = of_pairs.view(torch.bfloat16).view(count, 2 * half, -1, channels)
        return found.permute(0, 3, 1, 2)


def _where_equal(some: Tensor, largest: Tensor) -> Tensor:
    """All bits set where two 16-bit numbers of which none is negative are equal, else none."""
    return torch.bitwise_xor(some, largest).sub_(1).bitwise_right_shift_(15)
