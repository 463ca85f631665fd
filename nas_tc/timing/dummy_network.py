"""Dummy networks, for the clock alone: real layers with weights that take no time to draw."""

from functools import cache
from math import sqrt

import torch
from torch import Tensor, nn

from nas_tc.architecture import Architecture
from nas_tc.module import Network
from nas_tc.module.layers import Normalize

_DRAWN = 2**16  # different weights, which are repeated


def dummy_network(architecture: Architecture) -> Network:
    """A network as `build` makes it, but with weights that repeat: AlexNet in a fifth of the time.

    The values of weights do not change the time of a pass, as long as the values of maps neither
    vanish nor overflow from layer to layer: the weights' standard deviation is that of He et al.,
    "Delving deep into rectifiers" (2015), Eqn. 10.

    Args:
        architecture: Network to build.

    Raises:
        ArchitectureError: A map shrinks to nothing.

    """
    with torch.device("meta"):  # torch's own draw of the weights is never used
        network = Network(architecture)
    network.to_empty(device="cpu")
    drawn = _drawn()
    for module in network.modules():
        match module:
            case nn.Conv2d() | nn.Linear():
                _fill(module.weight.detach(), drawn)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            case nn.BatchNorm2d():
                module.reset_parameters()
            case Normalize():  # leaves images as they are
                module.mean.zero_()
                module.std.fill_(1.0)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


@cache
def _drawn() -> Tensor:
    return torch.randn(_DRAWN, generator=torch.Generator().manual_seed(0))


def _fill(weight: Tensor, drawn: Tensor) -> None:
    flat, spread = weight.view(-1), sqrt(2 / weight[0].numel())
    rounds, rest = divmod(len(flat), _DRAWN)
    torch.mul(drawn[:rest], spread, out=flat[rounds * _DRAWN :])
    if rounds:
        flat[: rounds * _DRAWN].view(rounds, _DRAWN).copy_(drawn * spread)
