"""Muon: steps of equal size in all directions for the filters of convolutions.

Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024). The momentum of a
layer's filters, written as a matrix with a row for each filter, is replaced by the nearest matrix
with orthogonal rows. Directions in which the gradient is small move as far as the others, and deep
networks need fewer steps.
"""

from typing import Any

import torch
from torch import Tensor, nn

from nas_tc.recipe.recipe import Recipe
from nas_tc.training.device import autocast_dtype
from nas_tc.training.orthogonal import SideBySide, batches, orthogonalized
from nas_tc.training.sgd import Sgd

_SHARE = 0.5  # of the initial size of the filters that they change by in a step at rate 1


class Muon:
    """Muon for filters that see several channels, `Sgd` for all other parameters.

    At rate r the filters of a layer change by r/2 of their initial size (the Gaussian of He et
    al.), so that rates that suit `Sgd` suit here. Depthwise and other grouped filters, the
    head and vectors are left to `Sgd`.

    Args:
        network: Network whose parameters are changed in place.
        recipe: Momentum and weight decay.
    """

    def __init__(self, network: nn.Module, recipe: Recipe) -> None:
        self._recipe = recipe
        self._filters: list[Tensor] = [
            module.weight
            for module in network.modules()
            if isinstance(module, nn.Conv2d)
            and module.groups == 1
            and module.in_channels > 1
            and module.weight.requires_grad
        ]
        self._momenta = [torch.zeros_like(each) for each in self._filters]
        self._batches: list[tuple[list[int], SideBySide]] = []  # of a GPU; elsewhere one by one
        if self._filters and _waits_for_launches(device := self._filters[0].device):
            shapes = [(len(each), each[0].numel()) for each in self._filters]
            self._batches = [
                (each, SideBySide([shapes[i] for i in each], autocast_dtype(device), device))
                for each in batches(shapes)
            ]
        own = {id(each) for each in self._filters}
        self._sgd = Sgd([each for each in network.parameters() if id(each) not in own], recipe)

    @torch.no_grad()
    def step(self, rate: float | Tensor) -> None:
        """Takes one step with the gradients there are, and drops them.

        Args:
            rate: Learning rate; a number, or a float32 scalar on the parameters' device.
        """
        if self._filters:
            gradients: list[Tensor] = [each.grad for each in self._filters]  # type: ignore[misc]
            torch._foreach_mul_(self._momenta, self._recipe.momentum)
            torch._foreach_add_(self._momenta, gradients)
            directions = self._momenta
            if self._recipe.nesterov:
                directions = list(torch._foreach_mul(self._momenta, self._recipe.momentum))
                torch._foreach_add_(directions, gradients)
            torch._foreach_mul_(self._filters, 1 - rate * self._recipe.weight_decay)
            orthogonal = self._orthogonal([_rows(each) for each in directions])
            for filters, rows in zip(self._filters, orthogonal, strict=True):
                _move(filters, rows, rate)
                filters.grad = None
        self._sgd.step(rate)

    def _orthogonal(self, directions: list[Tensor]) -> list[Tensor]:
        """An orthogonal matrix near each, float32."""
        if not self._batches:
            dtype = autocast_dtype(directions[0].device)
            return [orthogonalized(each.to(dtype)).float() for each in directions]
        found: dict[int, Tensor] = {}
        for numbers, side_by_side in self._batches:
            matrices = [directions[number] for number in numbers]
            found |= zip(numbers, side_by_side.orthogonalized(matrices), strict=True)
        return [found[number] for number in range(len(directions))]

    def drop_gradients(self) -> None:
        """Forgets the gradients, so that the next backward pass makes new ones."""
        for each in self._filters:
            each.grad = None
        self._sgd.drop_gradients()

    def state(self) -> dict[str, Any]:
        """All that changes, for `resume`."""
        return {"momenta": self._momenta, "sgd": self._sgd.state()}

    def resume(self, state: dict[str, Any]) -> None:
        """Goes back to what `state` returned."""
        for ours, theirs in zip(self._momenta, state["momenta"], strict=True):
            ours.copy_(theirs)
        self._sgd.resume(state["sgd"])


def _waits_for_launches(device: torch.device) -> bool:
    """Whether twenty small kernels take longer than a large one: a processor launches none."""
    return device.type != "cpu"


def _rows(filters: Tensor) -> Tensor:
    """Filters, (filters, channels, height, width), as rows: a view in channels_last format."""
    return filters.permute(0, 2, 3, 1).flatten(1)


def _move(filters: Tensor, rows: Tensor, rate: float | Tensor) -> None:
    """Moves filters, (filters, channels, height, width), along an orthogonal matrix of rows."""
    count, channels, height, width = filters.shape
    # Frobenius norms: sqrt(2 * count) of the initial filters, sqrt(the least side) of `rows`.
    share = _SHARE * (2 * count / min(rows.shape)) ** 0.5
    moved = rows.reshape(count, height, width, channels).permute(0, 3, 1, 2)
    if isinstance(rate, Tensor):
        filters.addcmul_(moved, rate, value=-share)
    else:
        filters.sub_(moved, alpha=rate * share)
