"""Stochastic gradient descent with momentum, by the function that torch's optimizer calls.

`torch.optim` loads torch's compiler when its first optimizer is made, which takes a new process
longer than loading torch itself, and it spends a hundredth of a short step on hooks.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from nas_tc.recipe.recipe import Recipe


class Sgd:
    """The optimizer of parameters that take a gradient.

    Weights decay. Vectors, which are biases, scales and shifts, do not.

    Args:
        parameters: Parameters to change in place; those without a gradient are left out.
        recipe: Recipe with momentum and weight decay.
    """

    def __init__(self, parameters: Iterable[Tensor], recipe: Recipe) -> None:
        self._recipe = recipe
        parameters = [each for each in parameters if each.requires_grad]
        self._groups = [
            (decay, group)
            for decay, group in (
                (recipe.weight_decay, [each for each in parameters if each.ndim > 1]),
                (0.0, [each for each in parameters if each.ndim <= 1]),
            )
            if group
        ]
        self._momenta = [[torch.zeros_like(each) for each in group] for _, group in self._groups]
        self._begun = False  # the first momentum is the first gradient

    @torch.no_grad()
    def step(self, rate: float | Tensor) -> None:
        """Takes one step with the present gradients, and drops them.

        Args:
            rate: Learning rate; a number, or a float32 scalar on the parameters' device.
        """
        for (decay, parameters), momenta in zip(self._groups, self._momenta, strict=True):
            torch._fused_sgd_(
                parameters,
                [each.grad for each in parameters],  # type: ignore[misc]
                momenta if self._recipe.momentum else [],
                weight_decay=decay,
                momentum=self._recipe.momentum,
                lr=rate,  # type: ignore[arg-type]
                dampening=0.0,
                nesterov=self._recipe.nesterov and self._recipe.momentum > 0,
                maximize=False,
                is_first_step=not self._begun,
            )
        self.drop_gradients()
        self._begun = True

    def drop_gradients(self) -> None:
        """Forgets the gradients, so that the next backward pass makes new ones."""
        for _, parameters in self._groups:
            for each in parameters:
                each.grad = None

    def state(self) -> dict[str, Any]:
        """The optimizer's state, for `resume`."""
        return {"begun": self._begun, "momenta": self._momenta}

    def resume(self, state: dict[str, Any]) -> None:
        """Restores what `state` returned."""
        self._begun = state["begun"]
        for ours, theirs in zip(self._momenta, state["momenta"], strict=True):
            for momentum, kept in zip(ours, theirs, strict=True):
                momentum.copy_(kept)
