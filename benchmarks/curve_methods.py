"""Models of learning curves as pruners: what `benchmarks/curve_model.py` compares."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import optuna
from learning_curves import (
    Covariance,
    CurveProcess,
    Curves,
    Floats,
    Ints,
    chance_to_join,
    columns_at,
    expected_gain,
    regression,
)
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, TrialState
from pruning import CHANCE, hypervolume

RUNGS = (1, 4, 12)
LENGTH = 0.5 * sqrt(15)  # of the search's model, fifteen genes
CHANCES = (0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.35, 0.45, 0.55)
GAINS = (1e-6, 3e-6, 1e-5, 2e-5, 4e-5, 7e-5, 1.2e-4, 2e-4, 3e-4, 4e-4, 7e-4, 1.2e-3, 2e-3)
SHARES = (0.02, 0.05, 0.08, 0.1, 0.125, 0.15, 0.175, 0.2, 0.225, 0.25, 0.3, 0.35, 0.4, 0.5)
FEWEST = 8  # that have ended, before the regression stops any


class Process:
    """What a Gaussian process expects of a network's last error.

    Args:
        covariance: Of all points, with its variances.
        curves: All trainings.
        only_ends: It sees the errors of those that ended, and no curves.
    """

    def __init__(self, covariance: Floats, curves: Curves, *, only_ends: bool = False) -> None:
        self.process = CurveProcess(covariance, curves.errors)
        self._first = curves.errors.shape[1] if only_ends else 1

    def see(self, network: int, epoch: int) -> None:
        if epoch >= self._first:
            self.process.see(network, epoch)

    def last(self, network: int) -> tuple[float, float] | None:
        """Mean and standard deviation of its last error."""
        mean, covariance = self.process.expected([network])
        return float(mean[0]), sqrt(max(float(covariance[0, 0]), 1e-8))


class Regression:
    """The same by a regression on those that have ended; None while they are few."""

    def __init__(self, curves: Curves) -> None:
        self._curves = curves
        self._seen: dict[int, int] = {}
        self._columns = [columns_at(curves, epoch) for epoch in range(curves.errors.shape[1])]

    def see(self, network: int, epoch: int) -> None:
        self._seen[network] = epoch

    def last(self, network: int) -> tuple[float, float] | None:
        epochs = self._curves.errors.shape[1]
        ended = [each for each, epoch in self._seen.items() if epoch == epochs]
        if len(ended) < FEWEST:
            return None
        columns = self._columns[self._seen.get(network, 0)]
        targets = self._curves.errors[ended, -1]
        mean, deviation = regression(columns[ended], targets, columns[[network]])
        return float(mean[0]), deviation


class CurvePruner(BasePruner):
    """Stops a trial when a model gives it little hope.

    Args:
        model: Of the last errors; it learns here.
        order: Networks of the trials, by number.
        costs: Of all networks.
        threshold: Least hope of a trial that goes on.
        hope: "chance", the probability that nothing finished that costs no more is as good; "gain",
            the expected gain of area, as a share of the area now; or "rank", today's rule by
            expected last errors in place of those at a rung, so that the threshold is 1 over the
            reduction factor.
        judges_at: Epochs after which trials are judged; None: all.
    """

    def __init__(
        self,
        model: Process | Regression,
        order: Ints,
        costs: Ints,
        threshold: float,
        *,
        hope: str = "chance",
        judges_at: Sequence[int] | None = None,
    ) -> None:
        self._model, self._order, self._costs = model, order, costs
        self._threshold, self._hope, self._judges_at = threshold, hope, judges_at
        self._most = int(costs.max())
        self._seen: dict[int, int] = {}

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        trials = study.get_trials(deepcopy=False)
        for each in trials:
            network = int(self._order[each.number])
            for epoch in range(self._seen.get(network, 0) + 1, (each.last_step or 0) + 1):
                self._model.see(network, epoch)
                self._seen[network] = epoch
        if self._judges_at is not None and trial.last_step not in self._judges_at:
            return False
        found = self._model.last(int(self._order[trial.number]))
        if found is None:
            return False
        cost = trial.user_attrs["complexity"]
        finished = [
            (each.user_attrs["complexity"], each.value)
            for each in trials
            if each.state == TrialState.COMPLETE
        ]
        if self._hope == "chance":
            return chance_to_join(finished, cost, *found) < self._threshold
        if self._hope == "rank":
            return self._is_behind(int(self._order[trial.number]), found[0])
        gain = expected_gain(finished, cost, *found, self._most, CHANCE)
        return gain < self._threshold * hypervolume(finished, self._most)

    def _is_behind(self, network: int, mean: float) -> bool:
        """Whether more than a share of those that cost no more, and one, are expected better."""
        others = [n for n in self._seen if n != network and self._costs[n] <= self._costs[network]]
        better = int((self._model.process.expected(others)[0] < mean).sum())
        return better > 0 and better >= 1 + self._threshold * len(others)


@dataclass(frozen=True)
class Method:
    """A way to stop trials, with the thresholds to choose from."""

    name: str
    covariance: Callable[[Curves], Covariance] | None  # None: the regression
    thresholds: tuple[float, ...] = CHANCES
    hope: str = "chance"
    only_ends: bool = False
    judges_at: tuple[int, ...] | None = None
    remembers: bool = False  # the curves that the variances were learnt on

    def learnt(self, curves: Curves, networks: Ints) -> Floats | None:
        """The covariance with variances that are learnt on the whole curves of these."""
        if self.covariance is None:
            return None
        parts = self.covariance(curves)
        return parts.total(parts.likeliest(curves.errors, networks))

    def model(self, curves: Curves, learnt: Floats | None, earlier: Ints) -> "Process | Regression":
        if learnt is None:
            return Regression(curves)
        model = Process(learnt, curves, only_ends=self.only_ends)
        if self.remembers:
            for network in earlier.tolist():
                for epoch in range(1, curves.errors.shape[1] + 1):
                    model.see(network, epoch)
        return model


def common(curves: Curves) -> Covariance:
    return Covariance.with_common_curve(curves.features, LENGTH, curves.errors.shape[1])


def as_published(curves: Curves) -> Covariance:
    return Covariance.freeze_thaw(curves.features, LENGTH, curves.errors.shape[1])


def without_experience(curves: Curves) -> Covariance:
    genes = np.delete(curves.features, -2, axis=1)
    return Covariance.with_common_curve(genes, LENGTH, curves.errors.shape[1])


def without_features(curves: Curves) -> Covariance:
    nothing = np.zeros((len(curves.costs), 1))
    return Covariance.with_common_curve(nothing, LENGTH, curves.errors.shape[1])


METHODS = (
    Method("process", common),
    Method("process, by gain", common, GAINS, hope="gain"),
    Method("process, at rungs 1 and 4", common, judges_at=RUNGS[:-1]),
    Method("process without experience", without_experience),
    Method("process of curves alone", without_features),
    Method("process of features alone", common, only_ends=True),
    Method("process as published", as_published),
    Method("regression", None),
    Method("process, today's rule", common, SHARES, hope="rank", judges_at=RUNGS[:-1]),
    Method("process that remembers", common, remembers=True),
)
