"""Settings with all that a sampler wants to know of them, computed once."""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from math import log2
from typing import Any

import numpy as np

from nas_tc.sampler.distributions import Distributions, Encoder, Floats, Params
from nas_tc.sampler.feasible_draws import Cost

_COSTS_KEPT = 1 << 15

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A setting; of all that mean the same, the one that stands for them."""

    params: Params
    key: Key  # its values
    cost: float
    row: list[float]  # what a model sees: the parameters, and the cost in doublings


class Candidates:
    """Makes points of settings.

    Args:
        distributions: of the parameters.
        cost: of a setting.
        limit: the most that one may cost.
        canonical: gives one setting for all that mean the same.
    """

    def __init__(
        self,
        distributions: Distributions,
        cost: Cost,
        limit: float,
        canonical: Callable[[Params], Params],
    ) -> None:
        self._names = tuple(distributions)
        self._encoder = Encoder(distributions)
        self._cost = cost
        self._limit = limit
        self._canonical = canonical
        self._known: dict[Key, float] = {}

    def cost(self, params: Params) -> float:
        """The cost of a setting, kept for a while."""
        key = self._key(params)
        if key not in self._known:
            if len(self._known) >= _COSTS_KEPT:
                self._known.clear()
            self._known[key] = float(self._cost(params))
        return self._known[key]

    def of(self, params: Params) -> Candidate:
        """The point of a setting."""
        settled = self._canonical(params)
        cost = self.cost(params)  # equal for all settings that mean the same; mostly known
        octaves = log2(max(cost / self._limit, 1e-6)) if self._limit > 0 else 0.0
        return Candidate(settled, self._key(settled), cost, [*self._encoder.row(settled), octaves])

    def _key(self, params: Params) -> Key:
        return tuple([params[name] for name in self._names])


def distinct(points: Iterable[Candidate], unwanted: Set[Key]) -> list[Candidate]:
    """Each setting once, without those whose keys are unwanted."""
    return list({point.key: point for point in points if point.key not in unwanted}.values())


def rows(points: Sequence[Candidate]) -> Floats:
    """What a model sees of the points, shape (points, features)."""
    return np.array([point.row for point in points], dtype=np.float64)


def costs(points: Sequence[Candidate]) -> Floats:
    """Their costs."""
    return np.array([point.cost for point in points], dtype=np.float64)
