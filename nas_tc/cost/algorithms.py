"""Cost of a convolution by four algorithms: multiplications and extra memory for a batch."""

from dataclasses import dataclass
from math import ceil, log2

from nas_tc.architecture import Conv

_BYTES = 4  # float32


@dataclass(frozen=True, slots=True)
class AlgorithmCost:
    """Cost of a convolution by one algorithm, for a batch of images."""

    multiplications: int  # of real numbers
    extra_bytes: int  # memory beside input, weights and output, with values in float32


def direct(conv: Conv, batch: int = 1) -> AlgorithmCost:
    """Nested loops: one multiplication a multiply-add, no extra memory."""
    return AlgorithmCost(batch * conv.macs, 0)


def im2col(conv: Conv, batch: int = 1) -> AlgorithmCost:
    """Every patch as a column, then one matrix product (Chellapilla et al. 2006)."""
    return AlgorithmCost(batch * conv.macs, im2col_bytes(conv, batch))


def im2col_bytes(conv: Conv, batch: int = 1) -> int:
    """The buffer of patches: batch * n_in * s^2 * m^2 values of 4 bytes."""
    _, height, width = conv.output
    return _BYTES * batch * conv.n_in * conv.filter**2 * height * width


def fft(conv: Conv, batch: int = 1) -> AlgorithmCost:
    """Products of spectra (Mathieu et al. 2014), with transforms of a power of two.

    Each real N x N transform takes N^2 log2(N^2) multiplications, half of a complex radix-2
    transform's (N^2 / 2) log2(N^2) complex ones; each complex product takes four. A spectrum has
    N * (N / 2 + 1) complex values. A stride saves nothing: all positions are computed.
    """
    span = 1 + (conv.filter - 1) * conv.dilation
    side = max(conv.input[1:]) + 2 * conv.padding
    points = 2 ** ceil(log2(max(side, span)))  # wrap-around reaches only values that are cropped
    filters = conv.n_in * conv.n_out // conv.groups
    maps = batch * (conv.n_in + conv.n_out) + filters
    spectrum = points * (points // 2 + 1)
    transforms = maps * points**2 * round(log2(points**2))
    products = 4 * batch * filters * spectrum
    return AlgorithmCost(transforms + products, 2 * _BYTES * maps * spectrum)


def winograd(conv: Conv, batch: int = 1) -> AlgorithmCost | None:
    """Winograd's F(2x2, 3x3): 16 multiplications for 4 outputs of 9 taps (Lavin & Gray 2016).

    The transforms only add and halve. None where it does not apply: it needs 3x3 filters without
    stride and dilation.
    """
    if (conv.filter, conv.stride, conv.dilation) != (3, 1, 1):
        return None
    _, height, width = conv.output
    tiles = batch * ceil(height / 2) * ceil(width / 2)
    filters = conv.n_in * conv.n_out // conv.groups
    transformed = 16 * (tiles * (conv.n_in + conv.n_out) + filters)
    return AlgorithmCost(16 * tiles * filters, _BYTES * transformed)
