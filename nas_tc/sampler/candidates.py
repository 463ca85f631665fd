"""Settings with all that a sampler wants to know of them, computed once."""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from operator import itemgetter

import numpy as np

from nas_tc.sampler.distributions import Distributions, Floats, Params
from nas_tc.sampler.feasible_draws import Cost
from nas_tc.sampler.features import Features
from nas_tc.sampler.numbering import Numbering

_COSTS_KEPT = 1 << 15

Key = tuple[float, ...]
Judge = Callable[[Floats], tuple[Floats, Floats]]
Expectation = Callable[[Floats], Floats]

_WEIGHT = 13.0  # of what is expected among the features
_LEAST_SHARE = 1e-6  # of the limit: costs below it look the same


@dataclass(frozen=True, slots=True)
class Candidate:
    """A setting; of all that mean the same, the one that stands for them."""

    numbering: Numbering = field(repr=False, compare=False)  # all settings share it
    key: Key  # the setting as a row
    cost: float
    features: Floats = field(compare=False)  # of parameters, of what is expected, of the cost
    expected: float = field(default=0.0, compare=False)  # before any trial; higher is worse

    @property
    def params(self) -> Params:
        """The values by the names of the parameters."""
        return self.numbering.params(self.key)


class Candidates:
    """Makes points of settings.

    Args:
        distributions: of the parameters.
        cost: of a setting.
        limit: the most that one may cost.
        canonical: gives one setting for all that mean the same.
        judge: gives these two for many settings at once, as rows; see `BudgetSampler`. None instead
            of it: by `cost` and `canonical`.
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
        self.numbering = Numbering(distributions)
        self.expectation = expectation
        self._features = Features(self.numbering)
        self._cost = cost
        self._limit = limit
        self._canonical = canonical
        self._judge = judge
        self._values: Callable[[Params], object] = (
            itemgetter(*distributions) if distributions else tuple
        )
        self._known: dict[object, float] = {}

    def cost(self, params: Params) -> float:
        """The cost of a setting, kept for a while."""
        key = self._values(params)
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
        if not settings:
            return []
        if self._judge is None:
            return self._one_by_one(settings)
        rows, costs = self._judge(self.numbering.rows(settings))
        for place in np.flatnonzero(np.isnan(costs)).tolist():
            rows[place] = self.numbering.rows([self._canonical(settings[place])])[0]
            costs[place] = self.cost(settings[place])
        return self._points(rows, costs)

    def fitting(self, rows: Floats, fits: Callable[[float], bool]) -> list[Candidate]:
        """The points of those settings whose cost fits, in order.

        Args:
            rows: The settings, shape (settings, parameters).
            fits: Whether a cost fits.
        """
        if self._judge is not None:
            rows, costs = self._judge(rows)
            is_within = ~np.isnan(costs)
            return self._points(rows[is_within], costs[is_within])
        settings = map(self.numbering.params, rows.tolist())
        return self._one_by_one([each for each in settings if fits(self.cost(each))])

    def _one_by_one(self, settings: Sequence[Params]) -> list[Candidate]:
        """The points of settings, without a judge."""
        # The cost is equal for all settings that mean the same, and mostly known.
        costs = np.array([self.cost(each) for each in settings], dtype=np.float64)
        return self._points(self.numbering.rows([*map(self._canonical, settings)]), costs)

    def _points(self, rows: Floats, costs: Floats) -> list[Candidate]:
        """The points of canonical settings with their costs."""
        columns = [self._features.of(rows)]
        expected = np.zeros(len(rows))
        if self.expectation is not None:
            exists = np.isfinite(costs)
            if exists.any():
                expected[exists] = self.expectation(rows[exists])
            columns.append(_WEIGHT * expected[:, None])
        features = np.column_stack([*columns, self._octaves(costs)])
        return [
            Candidate(self.numbering, tuple(row), *others)
            for row, *others in zip(
                rows.tolist(), costs.tolist(), features, expected.tolist(), strict=True
            )
        ]

    def _octaves(self, costs: Floats) -> Floats:
        """Logarithms to base 2 of the costs as shares of the limit."""
        if self._limit <= 0:
            return np.zeros(len(costs))
        return np.log2(np.maximum(costs / self._limit, _LEAST_SHARE))


def distinct(points: Iterable[Candidate], unwanted: Set[Key]) -> list[Candidate]:
    """Each setting once, without those whose keys are unwanted."""
    return list({point.key: point for point in points if point.key not in unwanted}.values())


def features_of(points: Sequence[Candidate]) -> Floats:
    """What a model sees of the points, shape (points, features)."""
    return np.array([point.features for point in points], dtype=np.float64)


def costs(points: Sequence[Candidate]) -> Floats:
    """Their costs."""
    return np.array([point.cost for point in points], dtype=np.float64)
