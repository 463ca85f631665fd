"""Carries a module's weights over to the network that was read from it.

What an architecture does not have is computed into what it has: the bias of a convolution into the
mean of its normalisation, a normalisation of a hidden layer into the layer's weights.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from nas_tc.module import Network
from nas_tc.reading.head import Hidden
from nas_tc.reading.operations import Convolution, FullyConnected, Normalisation
from nas_tc.reading.parts import Excitation, Part
from nas_tc.reading.unit import Unit


def carry_over(network: Network, units: Sequence[Unit], layers: Sequence[Hidden]) -> None:
    """Gives a network the weights of the module that it was read from.

    Args:
        network: Network built from the architecture, of the module's data type.
        units: Units of its stages, in order.
        layers: Linear layers of its head, in order.

    Raises:
        RuntimeError: A shape differs, so the reading is wrong.
    """
    modules = [each for each in network.modules() if isinstance(each, nn.Conv2d | nn.Linear)]
    norms = iter([each for each in network.modules() if isinstance(each, nn.BatchNorm2d)])
    sources = [*_convolutions(units), *layers]
    with torch.no_grad():
        for module, source in zip(modules, sources, strict=True):
            if isinstance(source, Part):
                norm = next(norms) if module.bias is None else None
                _carry_part(module, norm, source)
            elif isinstance(source, Hidden):
                _carry_linear(module, source)
            else:
                module.weight.copy_(source.weight.reshape(module.weight.shape))
                _copy(module.bias, source.bias)


def _convolutions(units: Sequence[Unit]) -> Iterator[Part | Convolution | FullyConnected]:
    """The convolutions in the order of the walk."""
    for unit in units:
        for part in unit.parts:
            if isinstance(part, Excitation):
                yield part.reduce
                yield part.expand
            else:
                yield part


def _carry_part(module: nn.Conv2d | nn.Linear, norm: nn.BatchNorm2d | None, part: Part) -> None:
    module.weight.copy_(part.conv.weight)
    if norm is None:
        _copy(module.bias, part.conv.bias)
        return
    assert norm.running_mean is not None
    assert norm.running_var is not None
    bias = 0 if part.conv.bias is None else part.conv.bias
    if part.norm is None:
        nn.init.ones_(norm.weight)
        _copy(norm.bias, part.conv.bias)
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)
        return
    norm.weight.copy_(part.norm.weight)
    norm.bias.copy_(part.norm.bias)
    norm.running_mean.copy_(part.norm.mean - bias)
    norm.running_var.copy_(part.norm.variance + part.norm.eps - norm.eps)


def _carry_linear(module: nn.Conv2d | nn.Linear, layer: Hidden) -> None:
    weight, bias = layer.linear.weight, layer.linear.bias
    if bias is None:
        bias = torch.zeros_like(weight[:, 0])
    if layer.before is not None:
        factor, added = _as_factor(layer.before)
        bias = bias + weight @ added
        weight = weight * factor
    if layer.norm is not None:
        factor, added = _as_factor(layer.norm)
        weight = weight * factor[:, None]
        bias = bias * factor + added
    module.weight.copy_(weight * layer.factor)
    _copy(module.bias, bias * layer.factor)


def _as_factor(norm: Normalisation) -> tuple[Tensor, Tensor]:
    """What a normalisation multiplies each value by, and what it adds."""
    factor = norm.weight / torch.sqrt(norm.variance + norm.eps)
    return factor, norm.bias - norm.mean * factor


def _copy(target: Tensor | None, source: Tensor | None) -> None:
    assert target is not None
    if source is None:
        target.zero_()
    else:
        target.copy_(source)
