"""A faster forward pass of the same network for training.

It computes the same function; only the order of operations and the rounding differ.
docs/training.md has the figures behind each part.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from nas_tc.module import Network
from nas_tc.module.layers import Branches, Residual
from nas_tc.training.depthwise import DepthwiseConv, gains
from nas_tc.training.norm_pool import NormPool

Forward = Callable[[Tensor], Tensor]
Kind = TypeVar("Kind", bound=nn.Module)


def fused_forward(network: nn.Module) -> Forward:
    """A function from images (n, channels, height, width) to scores that shares the weights.

    A module that is not a `Network` is returned as it is.
    """
    if not isinstance(network, Network):
        return network
    normalize = network.normalize
    steps = _row(network.layers)
    scale = (1 / normalize.std).flatten()
    shift = (-normalize.mean / normalize.std).flatten()

    def forward(images: Tensor) -> Tensor:
        return steps(_scaled(images, scale, shift))

    return forward


def _row(layers: Iterable[nn.Module]) -> Forward:
    """A function for layers one after another."""
    rest = _pooled_first(layers)[::-1]
    steps: list[Forward] = []
    while rest:
        layer = rest.pop()
        if isinstance(layer, nn.BatchNorm2d):
            pool = _next(rest, nn.MaxPool2d)
            relu = _next(rest, nn.ReLU)
            steps.append(NormPool(layer, pool, relu=relu is not None))
        else:
            steps.append(_fused(layer))

    def forward(maps: Tensor) -> Tensor:
        for step in steps:
            maps = step(maps)
        return maps

    return forward


def _next(rest: list[nn.Module], kind: type[Kind]) -> Kind | None:
    """Takes the last of `rest` if it is of that kind."""
    last = rest[-1] if rest else None
    if not isinstance(last, kind):
        return None
    rest.pop()
    return last


def _fused(layer: nn.Module) -> Forward:
    """A function for one layer, or for the branches within it."""
    match layer:
        case nn.Conv2d() if gains(layer):
            return DepthwiseConv(layer)
        case nn.AdaptiveAvgPool2d():
            return _global_average
        case Residual():
            body, shortcut = (_row(each) for each in (layer.body, layer.shortcut))  # type: ignore[arg-type]
            return lambda maps: layer.activation(body(maps) + shortcut(maps))
        case Branches():
            branches = [_row(branch) for branch in layer]  # type: ignore[arg-type]
            return lambda maps: torch.cat([branch(maps) for branch in branches], dim=1)
    return layer


def _pooled_first(layers: Iterable[nn.Module]) -> list[nn.Module]:
    """The layers with every ReLU moved behind the maximum pooling that follows it.

    Result and gradient are the same to the bit, and the ReLU has fewer values to process.
    """
    found: list[nn.Module] = []
    for layer in layers:
        if isinstance(layer, nn.MaxPool2d) and found and isinstance(found[-1], nn.ReLU):
            found.insert(-1, layer)
        else:
            found.append(layer)
    return found


def _scaled(images: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Images * scale + shift by channel; (n, channels, height, width) in channels_last format.

    Three channels do not fill a vector register, but a row of pixels does, so scale and shift are
    repeated along a row.
    """
    rows = images.permute(0, 2, 3, 1).flatten(2)  # n, height, width * channels
    width = images.shape[3]
    scaled = torch.addcmul(shift.repeat(width), rows, scale.repeat(width))
    return scaled.view(*images.shape[0:1], *images.shape[2:], -1).permute(0, 3, 1, 2)


class _GlobalAverage(torch.autograd.Function):
    """The mean of each map, with a gradient in channels_last format.

    torch's own gradient has the other format, which slows down every operation on it up to the next
    convolution.
    """

    @staticmethod
    def forward(ctx: Any, maps: Tensor) -> Tensor:
        ctx.shape = maps.shape
        return maps.mean((2, 3), keepdim=True)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        count, channels, height, width = ctx.shape
        share = (gradients[0] / (height * width)).view(count, 1, 1, channels)
        spread = share.expand(count, height, width, channels).contiguous()
        gradient: Tensor = spread.permute(0, 3, 1, 2)
        return gradient


def _global_average(maps: Tensor) -> Tensor:
    averages: Tensor = _GlobalAverage.apply(maps)  # type: ignore[no-untyped-call]
    return averages
