"""The gradient of a depthwise convolution, by the compiled library of nas-tc.

oneDNN, torch's library for processors, is as fast as memory allows for a depthwise 3x3 without a
stride, and twenty to a hundred times slower for some others: the gradient of maps before a stride
of 2 in bfloat16, and that of the filters of a 5x5. The forward pass stays torch's own.
"""

import ctypes
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nas_tc.training.norm_pool import MOST_THREADS, NAMES, library, longs

_SIZES = (3, 5, 7)  # pixels; native/depthwise.cpp is compiled for these
_POINTER = ctypes.c_void_p


class DepthwiseConv:
    """A depthwise convolution whose gradient is computed by the library.

    It uses the module's weights. It calls the module where the library does not apply: on a GPU,
    with more than two threads, for other types than bfloat16 and float32, and without a gradient.

    Args:
        conv: Convolution for which `gains` is true.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        self.conv = conv

    def __call__(self, maps: Tensor) -> Tensor:
        """Maps (n, channels, height, width), in channels_last format for the library."""
        found = library()
        if found is None or not hasattr(found, "depthwise_backward_bf16") or not _suits(maps):
            return self.conv(maps)  # type: ignore[no-any-return]
        conv = self.conv
        result: Tensor = _Train.apply(  # type: ignore[no-untyped-call]
            maps, conv.weight, found, int(conv.stride[0]), int(conv.padding[0])
        )
        return result if conv.bias is None else result + conv.bias.to(result.dtype).view(-1, 1, 1)


def gains(layer: nn.Module) -> bool:
    """Whether a layer is a depthwise convolution for which the library is faster than oneDNN.

    It has one square filter for each of its channels, of the library's sizes; and a stride, or
    filters larger than 3x3.

    Args:
        layer: Any layer.
    """
    return (
        type(layer) is nn.Conv2d
        and layer.groups == layer.in_channels == layer.out_channels > 1
        and layer.kernel_size[0] == layer.kernel_size[1] in _SIZES
        and layer.stride[0] == layer.stride[1]
        and (layer.stride[0] > 1 or layer.kernel_size[0] > _SIZES[0])
        and layer.padding == (layer.padding[0],) * 2
        and layer.dilation == (1, 1)
        and layer.padding_mode == "zeros"
    )


class _Train(torch.autograd.Function):
    """torch's forward pass, and the library's gradient."""

    @staticmethod
    def forward(
        ctx: Any, maps: Tensor, weight: Tensor, found: ctypes.CDLL, stride: int, padding: int
    ) -> Tensor:
        rounded = weight.to(maps.dtype)
        result = functional.conv2d(maps, rounded, None, stride, padding, groups=len(weight))
        ctx.save_for_backward(maps, rounded)
        ctx.rest = found, stride, padding
        return result.contiguous(memory_format=torch.channels_last)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        maps, rounded = ctx.saved_tensors
        found, stride, padding = ctx.rest
        gradient = gradients[0].contiguous(memory_format=torch.channels_last)
        count, channels, height, width = maps.shape
        size = rounded.shape[2]
        by_maps = torch.empty_like(maps) if ctx.needs_input_grad[0] else None
        # With the channels side by side, as in the maps.
        weights = rounded.float().view(channels, size * size).t().contiguous()
        by_weights = torch.zeros(size * size, channels, dtype=torch.float64)
        function = getattr(found, f"depthwise_backward_{NAMES[maps.dtype]}")
        function.argtypes, function.restype = [_POINTER] * 7, None
        function(
            maps.data_ptr(),
            gradient.data_ptr(),
            weights.data_ptr(),
            None if by_maps is None else by_maps.data_ptr(),
            by_weights.data_ptr(),
            longs(count, height, width, channels),
            longs(size, stride, padding, *gradient.shape[2:]),
        )
        own = by_weights.t().reshape(channels, 1, size, size).float()
        return by_maps, own, None, None, None


def _suits(maps: Tensor) -> bool:
    """Whether the library can compute the gradient for these maps."""
    return (
        torch.is_grad_enabled()
        and maps.device.type == "cpu"
        and maps.dtype == _computed(maps.dtype)
        and maps.is_contiguous(memory_format=torch.channels_last)
        and torch.get_num_threads() <= MOST_THREADS
    )


def _computed(dtype: torch.dtype) -> torch.dtype | None:
    """The type in which a convolution of such maps is computed; None if the library lacks it."""
    used = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else dtype
    return used if used in NAMES else None
