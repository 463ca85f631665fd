"""Batch normalisation, max pooling and ReLU in one function, by a compiled library of nas-tc.

On a processor a small network spends half of a step on these three, mostly on reading and writing
maps; the C++ code in `native/` needs fewer passes over them. Installing nas-tc compiles the library
once for each width of registers. Without a compiler, torch's own layers are used.
"""

import ctypes
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

NAMES = {torch.bfloat16: "bf16", torch.float32: "fp32"}  # in the library's functions
_LIBRARIES = {  # by the instructions that torch reports, the fastest first
    "AVX512": ("_norm_pool_avx512", "_norm_pool_avx2", "_norm_pool"),
    "AVX2": ("_norm_pool_avx2", "_norm_pool"),
}
_INTERFACE = 1  # as in native/norm_pool.cpp: other versions take other arguments
_WIDEST = 15  # pixels: a position within a window is a byte, and one of its values is reserved
MOST_THREADS = 2  # torch's threads; with more, its layers together are as fast as our one thread
_POINTER = ctypes.c_void_p
_NUMBER = ctypes.c_double


@cache
def library() -> ctypes.CDLL | None:
    """The fastest compiled library for this processor; None if there is none."""
    return next(filter(None, map(load, fitting())), None)


def fitting() -> tuple[str, ...]:
    """Names of the libraries that run on this processor, the fastest first."""
    return _LIBRARIES.get(torch.backends.cpu.get_cpu_capability(), ("_norm_pool",))


def load(name: str) -> ctypes.CDLL | None:
    """The compiled library `name`, one of `fitting`.

    None if it was not built, cannot be loaded, or has another interface than this file.
    """
    for suffix in EXTENSION_SUFFIXES:
        path = Path(__file__).with_name(name + suffix)
        try:
            found = _declared(ctypes.CDLL(str(path))) if path.exists() else None
        except (OSError, AttributeError):
            continue
        if found is not None and found.norm_pool_interface() == _INTERFACE:
            return found
    return None


class NormPool:
    """A batch normalisation, a max pooling and a ReLU in one function.

    It uses and updates the modules' weights and running statistics as they do themselves; results
    differ by rounding. It calls the modules where the library does not apply: on a GPU, with more
    than two threads, for other types than bfloat16 and float32.

    Args:
        norm: Batch normalisation to compute.
        pool: Max pooling behind it; None: there is none.
        relu: Whether a ReLU comes last.
    """

    def __init__(self, norm: nn.BatchNorm2d, pool: nn.MaxPool2d | None, *, relu: bool) -> None:
        self.norm = norm
        self.pool = pool
        self.relu = relu

    def __call__(self, maps: Tensor) -> Tensor:
        """Maps (n, channels, height, width), in channels_last format for the library."""
        found = library()
        if found is None or not self._suits(maps):
            return self._by_torch(maps)
        norm = self.norm
        shape = longs(len(maps), *maps.shape[2:], maps.shape[1])
        window = self._window(*maps.shape[2:])
        if window is not None and min(window[3:]) < 1:  # torch raises the error
            return self._by_torch(maps)
        if not norm.training:
            return _infer(found, maps, shape, window, norm, self.relu)
        result: Tensor = _Train.apply(  # type: ignore[no-untyped-call]
            maps, norm.weight, norm.bias, found, shape, window, norm, self.relu
        )
        return result

    def _suits(self, maps: Tensor) -> bool:
        """Whether the library can compute the result for these maps."""
        norm, pool = self.norm, self.pool
        learns = torch.is_grad_enabled() and norm.training
        return (
            maps.device.type == "cpu"
            and maps.dtype in NAMES
            and maps.is_contiguous(memory_format=torch.channels_last)
            and torch.get_num_threads() <= MOST_THREADS
            and norm.affine
            and norm.track_running_stats
            and norm.momentum is not None
            and norm.weight.dtype == torch.float32
            and (learns or not torch.is_grad_enabled())
            and maps.numel() > maps.shape[1]  # torch refuses one value a channel
            and (pool is None or _is_plain(pool))
        )

    def _window(self, height: int, width: int) -> Any:
        """Size, stride and padding of the window, height and width of the pooled map, in pixels."""
        if self.pool is None:
            return None
        size, stride, padding = _numbers(self.pool)
        ceil = self.pool.ceil_mode
        sides = (_pooled_side(side, size, stride, padding, ceil) for side in (height, width))
        return longs(size, stride, padding, *sides)

    def _by_torch(self, maps: Tensor) -> Tensor:
        maps = self.norm(maps)
        if self.pool is not None:
            maps = self.pool(maps)
        return torch.relu_(maps) if self.relu else maps


class _Train(torch.autograd.Function):
    """The forward pass with the batch's own statistics, and its gradient."""

    @staticmethod
    def forward(
        ctx: Any,
        maps: Tensor,
        weight: Tensor,
        bias: Tensor,
        found: ctypes.CDLL,
        shape: Any,
        window: Any,
        norm: nn.BatchNorm2d,
        relu: bool,
    ) -> Tensor:
        result, places = _result_memory(maps, window)
        mean, inverse = torch.empty_like(weight), torch.empty_like(weight)
        norm.num_batches_tracked.add_(1)  # type: ignore[union-attr]
        getattr(found, f"train_{NAMES[maps.dtype]}")(
            maps.data_ptr(),
            result.data_ptr(),
            None if places is None else places.data_ptr(),
            shape,
            window,
            weight.data_ptr(),
            bias.data_ptr(),
            norm.running_mean.data_ptr(),  # type: ignore[union-attr]
            norm.running_var.data_ptr(),  # type: ignore[union-attr]
            norm.momentum,
            norm.eps,
            mean.data_ptr(),
            inverse.data_ptr(),
            relu,
        )
        ctx.save_for_backward(maps, places, weight, bias, mean, inverse)
        ctx.rest = (found, shape, window, relu)
        return result

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        maps, places, weight, bias, mean, inverse = ctx.saved_tensors
        found, shape, window, relu = ctx.rest
        gradient = gradients[0].contiguous(memory_format=torch.channels_last)
        by_maps = torch.empty_like(maps)
        by_weight, by_bias = torch.empty_like(weight), torch.empty_like(bias)
        getattr(found, f"backward_{NAMES[maps.dtype]}")(
            maps.data_ptr(),
            gradient.data_ptr(),
            None if places is None else places.data_ptr(),
            by_maps.data_ptr(),
            shape,
            window,
            weight.data_ptr(),
            bias.data_ptr(),
            mean.data_ptr(),
            inverse.data_ptr(),
            by_weight.data_ptr(),
            by_bias.data_ptr(),
            relu,
        )
        return by_maps, by_weight, by_bias, None, None, None, None, None


def _infer(
    found: ctypes.CDLL, maps: Tensor, shape: Any, window: Any, norm: nn.BatchNorm2d, relu: bool
) -> Tensor:
    """The forward pass with the running statistics."""
    result, _ = _result_memory(maps, window)
    getattr(found, f"infer_{NAMES[maps.dtype]}")(
        maps.data_ptr(),
        result.data_ptr(),
        shape,
        window,
        norm.weight.data_ptr(),
        norm.bias.data_ptr(),
        norm.running_mean.data_ptr(),  # type: ignore[union-attr]
        norm.running_var.data_ptr(),  # type: ignore[union-attr]
        norm.eps,
        relu,
    )
    return result


def _result_memory(maps: Tensor, window: Any) -> tuple[Tensor, Tensor | None]:
    """Memory for the result, and for the positions of its maxima if there is a pooling."""
    if window is None:
        return torch.empty_like(maps), None
    shape = (*maps.shape[:2], window[3], window[4])
    result = torch.empty(shape, dtype=maps.dtype, memory_format=torch.channels_last)
    return result, torch.empty(result.numel(), dtype=torch.uint8)


def _is_plain(pool: nn.MaxPool2d) -> bool:
    square = all(isinstance(each, int) for each in (pool.kernel_size, pool.stride, pool.padding))
    plain = pool.dilation == 1 and not pool.return_indices
    return square and plain and _numbers(pool)[0] <= _WIDEST


def _numbers(pool: nn.MaxPool2d) -> tuple[int, int, int]:
    """Size, stride and padding of a pool that is square."""
    return pool.kernel_size, pool.stride, pool.padding  # type: ignore[return-value]


def _pooled_side(side: int, size: int, stride: int, padding: int, ceil: bool) -> int:
    """Side of the pooled map, pixels, by torch's rule for windows that hang over the edge."""
    windows = (side + 2 * padding - size + (stride - 1 if ceil else 0)) // stride + 1
    return windows - 1 if ceil and (windows - 1) * stride >= side + padding else windows


@cache
def longs(*numbers: int) -> Any:
    """Whole numbers as the library takes them: the fields of a structure in C++."""
    return (ctypes.c_long * len(numbers))(*numbers)


def _declared(found: ctypes.CDLL) -> ctypes.CDLL:
    """The library with declared argument types; otherwise ctypes cuts pointers to 32 bits."""
    relu = ctypes.c_int
    for name in NAMES.values():
        for function, kinds in (
            ("train", [*[_POINTER] * 9, _NUMBER, _NUMBER, _POINTER, _POINTER, relu]),
            ("infer", [*[_POINTER] * 8, _NUMBER, relu]),
            ("backward", [*[_POINTER] * 12, relu]),
        ):
            declared = getattr(found, f"{function}_{name}")
            declared.argtypes, declared.restype = kinds, None
    return found
