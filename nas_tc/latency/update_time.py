"""The time of the optimizer's update on a GPU, where it is one call for all parameters.

Torch's `foreach` and `fused` optimizers launch a kernel for many tensors at once, so a layer has no
update of its own. The call takes a fixed time, and more with each parameter and each tensor.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

Update = tuple[int, int, float]  # parameters, tensors that hold them, milliseconds


@dataclass(frozen=True, slots=True)
class UpdateTime:
    """The time of an update as a function of the parameters.

    Attributes:
        fixed_ms: Milliseconds of any update.
        parameter_ms: Milliseconds for each parameter.
        tensor_ms: Milliseconds for each tensor that holds parameters.
    """

    fixed_ms: float = 0.0
    parameter_ms: float = 0.0
    tensor_ms: float = 0.0

    def ms(self, parameters: int, tensors: int) -> float:
        """Milliseconds of the update of so many parameters in so many tensors."""
        return self.fixed_ms + self.parameter_ms * parameters + self.tensor_ms * tensors


def fit_update(updates: Iterable[Update]) -> UpdateTime:
    """The function with the least squares of the relative error, none of whose parts is negative.

    Args:
        updates: Updates that were timed; without any, an update takes no time.
    """
    rows = np.array([(1.0, parameters, tensors, ms) for parameters, tensors, ms in updates])
    if not len(rows):
        return UpdateTime()
    terms, ms = rows[:, :3], rows[:, 3:]
    scale = terms.max(axis=0)
    relative = terms / scale / ms
    best, best_error = np.zeros(3), float("inf")
    # A part that would be negative is left out: of the seven choices the best one counts.
    for chosen in (list(each) for count in (3, 2, 1) for each in combinations(range(3), count)):
        found, *_ = np.linalg.lstsq(relative[:, chosen], np.ones(len(rows)), rcond=None)
        error = float(((relative[:, chosen] @ found - 1) ** 2).sum())
        if (found >= 0).all() and error < best_error - 1e-12:
            best, best_error = np.zeros(3), error
            best[chosen] = found
    fixed_ms, parameter_ms, tensor_ms = (best / scale).tolist()
    return UpdateTime(fixed_ms, parameter_ms, tensor_ms)
