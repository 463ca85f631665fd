"""The exponential moving average (EMA) of a network's weights while it trains."""

from copy import deepcopy

import torch
from torch import Tensor, nn


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
        steps: Number of updates so far, counted by the training.
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

    def shares(self, updates: int) -> list[float]:
        """The weight of the new weights in each of the next updates, 0 to 1."""
        steps = range(self.steps + 1, self.steps + 1 + updates)
        return [1 - min(self._decay, 1 - 1 / (step + 1)) for step in steps]

    @torch.no_grad()
    def update(self, share: float | Tensor) -> None:
        """Moves the average towards the network's present weights; who calls it counts the step.

        Args:
            share: Weight of the present weights, from `shares`; a number, or a scalar on the
                network's device.
        """
        if isinstance(share, Tensor):  # torch's function for lists takes no scalar on a device
            ways = torch._foreach_sub(self._trained, self._averaged)
            torch._foreach_mul_(ways, share)
            torch._foreach_add_(self._averaged, ways)
        else:
            torch._foreach_lerp_(self._averaged, self._trained, share)
