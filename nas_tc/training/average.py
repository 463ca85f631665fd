"""A moving average of a network's weights while it trains."""

from copy import deepcopy

import torch
from torch import nn


class Average:
    """The exponential moving average of a network, as a network.

    Its weight on the newest step is at least 1 / (steps + 1), so that the first steps do not hang
    on the random weights of the beginning. The statistics of normalisations are averaged too.
    Polyak & Juditsky, "Acceleration of stochastic approximation by averaging" (1992).

    Args:
        network: what is trained; looked at, never changed.
        decay: of the average a step.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = deepcopy(network).eval().requires_grad_(False)
        self._decay = decay
        self.steps = 0  # taken in
        theirs, ours = network.state_dict(keep_vars=True), self.network.state_dict(keep_vars=True)
        self._floats = [name for name, value in theirs.items() if value.is_floating_point()]
        self._from = [theirs[name].detach() for name in self._floats]
        self._to = [ours[name].detach() for name in self._floats]

    @torch.no_grad()
    def update(self) -> None:
        """Takes in the network's weights as they are now."""
        self.steps += 1
        decay = min(self._decay, 1 - 1 / (self.steps + 1))
        torch._foreach_lerp_(self._to, self._from, 1 - decay)
