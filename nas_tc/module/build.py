"""Builds the torch module of an architecture, layer by layer."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from nas_tc.architecture import (
    Activation,
    Add,
    Architecture,
    AveragePool,
    Concat,
    Conv,
    GlobalPool,
    Join,
    Layer,
    Linear,
    MaxPool,
    Node,
    PyramidPool,
    ResponseNorm,
    Scale,
    nest,
    walk,
)
from nas_tc.module import layers

_SAFE_CHANNELS = 16  # oneDNN errs on strided 1x1 convolutions with fewer input channels


class Network(nn.Module):
    """The network that an architecture describes, as an `nn.Sequential` of torch's layers.

    Branches that meet again are one module of the sequence.

    Input: images (n, channels, height, width), float, 0 to 1. Output: scores (n, classes).
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.normalize = layers.Normalize(architecture.input[0])
        self.layers = nn.Sequential(*_row(nest(walk(architecture))))

    def forward(self, images: Tensor) -> Tensor:
        """Class scores before the softmax, (n, classes)."""
        scores: Tensor = self.layers(self.normalize(images))
        return scores


def build(
    architecture: Architecture,
    *,
    mean: Sequence[float] = (),
    std: Sequence[float] = (),
    seed: int = 0,
    init: Literal["he", "glorot"] = "he",
) -> Network:
    """A network with fresh weights, in channels_last memory format, ready for training.

    Weights are zero-mean Gaussian, biases are zero. The variance is "he", which keeps the signal's
    through a ReLU (He et al., "Delving deep into rectifiers", 2015, Eqn. 10), or "glorot" (Glorot
    & Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010,
    Eqn. 12), the reference that He & Sun give in section 5.

    Args:
        architecture: Network to build.
        mean: Mean of the training images per channel, 0 to 1; empty: images are not normalised.
        std: Standard deviation per channel, on the same scale.
        seed: Seed for the weights: the same seed gives the same network.
        init: Rule for the variance of the weights.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    network = Network(architecture)
    if mean and std:
        network.normalize.mean.copy_(torch.tensor(mean).view(-1, 1, 1))
        network.normalize.std.copy_(torch.tensor(std).view(-1, 1, 1))
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            if init == "he":
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
            else:
                nn.init.xavier_normal_(module.weight, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def modules_of(layer: Layer) -> Iterator[nn.Module]:
    """The torch modules of one layer of the walk, in order; the layer has one input."""
    match layer:
        case Conv():
            yield from _conv(layer)
        case MaxPool() | AveragePool():
            kind = nn.MaxPool2d if isinstance(layer, MaxPool) else nn.AvgPool2d
            yield kind(layer.size, layer.stride, layer.padding, ceil_mode=layer.ceil)
        case GlobalPool():
            yield nn.AdaptiveAvgPool2d(1)
        case ResponseNorm():
            # Krizhevsky's constants; torch divides alpha by the size.
            yield nn.LocalResponseNorm(layer.size, alpha=layer.size * 1e-4, beta=0.75, k=2.0)
        case PyramidPool():
            yield from _pyramid(layer)
        case Linear():
            yield from _linear(layer)
        case Add() | Concat() | Scale():
            raise AssertionError(f"{layer.name} has several inputs: its Join is built as a whole")


def _conv(layer: Conv) -> Iterator[nn.Module]:
    yield _convolution(layer)(
        layer.n_in,
        layer.n_out,
        layer.filter,
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation if layer.filter > 1 else 1,  # no effect on 1x1, but oneDNN errs
        groups=layer.groups,
        bias=not layer.norm,
    )
    if layer.norm:
        yield nn.BatchNorm2d(layer.n_out)
    if layer.activation:
        yield _activation(layer.activation)


def _convolution(layer: Conv) -> type[nn.Conv2d]:
    """The class for a convolution: torch's, except where oneDNN errs (see `layers`)."""
    if layer.dilation > 1 and layer.filter > 1:
        return layers.DilatedConv2d
    points = layer.filter == 1 and layer.padding == 0 and layer.stride > 1
    if points and layer.groups == 1 and layer.n_in < _SAFE_CHANNELS:
        return layers.PointConv2d
    if layer.stride > 1 and layer.filter > 1 and layer.output[2] == 1:
        return layers.ColumnConv2d
    return nn.Conv2d


def _pyramid(layer: PyramidPool) -> Iterator[nn.Module]:
    if layer.average and layer.bins == (1,):
        yield nn.AdaptiveAvgPool2d(1)
        yield nn.Flatten()
    else:
        yield layers.PyramidPool(*layer.bins, average=layer.average)
    if layer.dropout:
        yield nn.Dropout(layer.dropout)


def _linear(layer: Linear) -> Iterator[nn.Module]:
    yield nn.Linear(layer.input[0], layer.n_out)
    if layer.hidden and layer.activation:
        yield _activation(layer.activation)
    if layer.dropout:
        yield nn.Dropout(layer.dropout)


def join_module(join: Join) -> nn.Module:
    """One module for branches and the layer where they meet."""
    match join.layer:
        case Add(activation=activation):
            body, shortcut = (nn.Sequential(*_row(branch)) for branch in join.branches)
            end = _activation(activation) if activation else nn.Identity()
            return layers.Residual(body, shortcut, end)
        case Concat():
            return layers.Branches(nn.Sequential(*_row(branch)) for branch in join.branches)
        case Scale():
            return layers.Excite(*_row(join.branches[1]))


def _row(nodes: Iterable[Node]) -> Iterator[nn.Module]:
    for node in nodes:
        if isinstance(node, Join):
            yield join_module(node)
        else:
            yield from modules_of(node)


def _activation(name: Activation) -> nn.Module:
    match name:
        case "relu":
            return nn.ReLU(inplace=True)
        case "relu6":
            return nn.ReLU6(inplace=True)
        case "silu":
            return nn.SiLU(inplace=True)
        case "tanh":
            return nn.Tanh()
        case "sigmoid":
            return nn.Sigmoid()
