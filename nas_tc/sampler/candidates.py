"""Settings with all that a sampler wants to know of them, computed once."""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from math import isfinite, log2
from operator import itemgetter
from typing import Any

import numpy as np

from nas_tc.sampler.distributions import Distributions, Encoder, Floats, Params
from nas_tc.sampler.feasible_draws import Cost

_COSTS_KEPT = 1 << 15

Key = tuple[Any, ...]
Judge = Callable[[Sequence[Params]], Sequence[tuple[Params, float] | None]]
Expectation = Callable[[Sequence[Params]], Floats]

_WEIGHT = 13.0  # of what is expected among the features


@dataclass(frozen=True, slots=True)
class Candidate:
    """A setting; of all that mean the same, the one that stands for them."""

    names: tuple[str, ...] = field(repr=False)  # of the parameters; all settings share them
    key: Key  # values of the parameters
    cost: float
    row: Floats = field(compare=False)  # what a model sees: parameters, what is expected, the cost
    expected: float = field(default=0.0, compare=False)  # before any trial; higher is worse

    @property
    def params(self) -> Params:
        """The values by the names of the parameters."""
        return dict(zip(self.names, self.key, strict=True))


class Candidates:
    """Makes points of settings.

    Args:
        distributions: of the parameters.
        cost: of a setting.
        limit: the most that one may cost.
        canonical: gives one setting for all that mean the same.
        judge: gives these two for many settings at once, None for a setting that does not fit; None
            instead of it: by `cost` and `canonical`.
        expectation: what is expected of settings before any trial; see `BudgetSampler`.
    """

    def __init__(
        self,
        distributions: Distributions,
        cost: Cost,
        limit: float,
        canonical: Callable[[Params], Params],
        judge: Judge | None = None,
        expectation: Expectation | None = None,
    ) -> None:
        self.expectation = expectation
        self._names = tuple(distributions)
        # A proposal makes some thousand keys. Of one name it would give the value alone.
        self._values = itemgetter(*self._names) if len(self._names) > 1 else None
        self._encoder = Encoder(distributions)
        self._cost = cost
        self._limit = limit
        self._canonical = canonical
        self._judge = judge
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
        return self.all_of([params])[0]

    def all_of(self, settings: Sequence[Params]) -> list[Candidate]:
        """The points of settings, whether they fit or not."""
        judged = [None] * len(settings) if self._judge is None else self._judge(settings)
        # The cost is equal for all settings that mean the same, and mostly known.
        return self._all(
            [
                (self._canonical(params), self.cost(params)) if known is None else known
                for params, known in zip(settings, judged, strict=True)
            ]
        )

    def fitting(self, settings: Sequence[Params], fits: Callable[[float], bool]) -> list[Candidate]:
        """The points of those settings whose cost fits, in order.

        Args:
            settings: The settings.
            fits: Whether a cost fits.
        """
        if self._judge is not None:
            return self._all([each for each in self._judge(settings) if each is not None])
        judged = ((params, self.cost(params)) for params in settings)
        return self._all([(self._canonical(params), cost) for params, cost in judged if fits(cost)])

    def _all(self, settled: Sequence[tuple[Params, float]]) -> list[Candidate]:
        """The points of canonical settings with their costs."""
        settings = [params for params, _ in settled]
        columns = [self._encoder.rows(settings)]
        expected = np.zeros(len(settled))
        if self.expectation is not None:
            exist = [place for place, (_, cost) in enumerate(settled) if isfinite(cost)]
            if exist:
                expected[exist] = self.expectation([settings[place] for place in exist])
            columns.append(_WEIGHT * expected[:, None])
        octaves = [self._octaves(cost) for _, cost in settled]
        features = np.column_stack([*columns, np.array(octaves, dtype=np.float64)])
        return [
            Candidate(self._names, self._key(params), cost, row, known)
            for (params, cost), row, known in zip(settled, features, expected.tolist(), strict=True)
        ]

    def _octaves(self, cost: float) -> float:
        return log2(max(cost / self._limit, 1e-6)) if self._limit > 0 else 0.0

    def _key(self, params: Params) -> Key:
        if self._values is None:
            return tuple(params[name] for name in self._names)
        found: Key = self._values(params)
        return found


def distinct(points: Iterable[Candidate], unwanted: Set[Key]) -> list[Candidate]:
    """Each setting once, without those whose keys are unwanted."""
    return list({point.key: point for point in points if point.key not in unwanted}.values())


def rows(points: Sequence[Candidate]) -> Floats:
    """What a model sees of the points, shape (points, features)."""
    return np.array([point.row for point in points], dtype=np.float64)


def costs(points: Sequence[Candidate]) -> Floats:
    """Their costs."""
    return np.array([point.cost for point in points], dtype=np.float64)
