"""Arithmetic operations of a layer, and the multiply-adds of a backward pass.

The survey's table of layer formulas, with its units: a multiply-add is two operations, a
comparison one.
"""

from nas_tc.architecture import (
    Add,
    Architecture,
    AveragePool,
    Concat,
    Conv,
    GlobalPool,
    Layer,
    Linear,
    MaxPool,
    PyramidPool,
    ResponseNorm,
    Scale,
    sources,
    volume,
    walk,
)


def flops(layer: Layer) -> int:
    """Arithmetic operations of one layer for one image.

    Biases, and activations at one operation a value, are left out as in the survey's table; a
    batch normalisation is 5 a value.
    """
    out = volume(layer.output)
    match layer:
        case Conv():
            return 2 * layer.macs + (5 * out if layer.norm else 0)
        case Linear():
            return 2 * layer.macs
        case MaxPool():
            return (layer.size**2 - 1) * out
        case AveragePool():
            return layer.size**2 * out
        case GlobalPool():
            return volume(layer.input)
        case PyramidPool():
            return volume(layer.input) * len(layer.bins)
        case ResponseNorm():
            return (2 * layer.size + 3) * out  # squares and their sums, k + alpha *, power, divide
        case Add() | Scale():
            return out
        case Concat():
            return 0


def backward_macs(architecture: Architecture) -> int:
    """Multiply-adds of the backward pass for one image.

    A convolution and a fully connected layer need as many for the gradient of their weights as
    forward, and as many again for the gradient of their input; the images need none. So the
    backward pass is two forward passes less those of the layers that the images feed (He & Sun
    2015, section 3.2: training is roughly three times the testing).
    """
    layers = walk(architecture)
    first = sum(
        layer.macs for layer, feeds in zip(layers, sources(layers), strict=True) if feeds == (-1,)
    )
    return 2 * sum(layer.macs for layer in layers) - first
