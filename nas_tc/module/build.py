"""From an architecture to a torch module: a fold over the shape walk."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Literal

import torch
from torch import Tensor, nn

from nas_tc.architecture import Architecture, Conv, Layer, Linear, MaxPool, PyramidPool, walk
from nas_tc.module import layers


class Network(nn.Module):
    """The network that an architecture describes; torch's own layers in a row.

    Takes images (n, channels, height, width), float in 0 to 1; gives scores (n, classes).
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.normalize = layers.Normalize(architecture.input[0])
        parts = [modules_of(layer) for layer in walk(architecture)]
        self.layers = nn.Sequential(*chain.from_iterable(parts))

    def forward(self, images: Tensor) -> Tensor:
        """Class scores of a batch of images."""
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
        architecture: what to build.
        mean: of the images per channel, 0 to 1; empty leaves the images as they are.
        std: their standard deviation per channel.
        seed: of the weights: the same seed gives the same network.
        init: variance of the weights.

    Raises:
        ArchitectureError: a map that shrinks to nothing.
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
    """The torch modules of one layer of the walk, in order."""
    match layer:
        case Conv():
            yield nn.Conv2d(
                layer.n_in,
                layer.n_out,
                layer.filter,
                stride=layer.stride,
                padding=layer.padding,
                bias=not layer.norm,
            )
            if layer.norm:
                yield nn.BatchNorm2d(layer.n_out)
            yield nn.ReLU(inplace=True)
        case MaxPool():
            yield nn.MaxPool2d(layer.size, stride=layer.stride)
        case PyramidPool(average=True, bins=(1,)):
            yield nn.AdaptiveAvgPool2d(1)
            yield nn.Flatten()
        case PyramidPool():
            yield layers.PyramidPool(*layer.bins, average=layer.average)
        case Linear():
            yield nn.Linear(layer.input[0], layer.n_out)
            if layer.hidden:
                yield nn.ReLU(inplace=True)
            if layer.dropout:
                yield nn.Dropout(layer.dropout)
