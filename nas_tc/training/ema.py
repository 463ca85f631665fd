"""The exponential moving average (EMA) of a network's weights while it trains."""

from copy import deepcopy

import torch
from torch import nn


class WeightEma:
    """A network whose weights are the moving average of another's.

    The newest step weighs at least 1 / (steps + 1), so that the random weights of the beginning
    lose their influence within the first steps. Running statistics of normalisations are averaged
    too. Polyak & Juditsky, "Acceleration of stochastic approximation by averaging" (1992).

    Args:
        network: Network that is trained; it is read and never changed.
        decay: Weight of the former average in one step, 0 to 1.

    Attributes:
        network: Copy of the network, with the averaged weights.
        steps: Number of updates so far.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = deepcopy(network).eval().requires_grad_(False)
        self.steps = 0
        self._decay = decay
        trained = network.state_dict(keep_vars=True)
        averaged = self.network.state_dict(keep_vars=True)
        names = [name for name, value in trained.items() if value.is_floating_point()]
        self._trained = [trained[name].detach() for name in names]
        self._averaged = [averaged[name].detach() for name in names]

    @torch.no_grad()
    def update(self) -> None:
        """Moves the average towards the network's present weights."""
        self.steps += 1
        decay = min(self._decay, 1 - 1 / (self.steps + 1))
        torch._foreach_lerp_(self._averaged, self._trained, 1 - decay)
