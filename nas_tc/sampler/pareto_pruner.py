"""`ParetoPruner`: an Optuna pruner that compares a trial only with those that cost no more."""

from math import inf, isnan, nan

import numpy as np
import optuna
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, TrialState

from nas_tc.errors import NasTcError
from nas_tc.sampler.last_study import LastStudy
from nas_tc.sampler.open_trials import OpenTrials
from nas_tc.sampler.readings import reading_of
from nas_tc.sampler.table import Table

_COLUMNS = 3  # of a rival: cost, reported value, reading


class ParetoPruner(BasePruner):
    """Asynchronous successive halving along the front of error against cost.

    A rung is a step at which trials report an error. There, a trial is compared only with trials
    that cost no more, because a cheap network can be Pareto-optimal whatever a more expensive one
    reaches. It continues while it is among the best `1/reduction_factor` of them, or fewer than
    `grace` trials behind these. No trial waits for others (Li et al., "A system for massively
    parallel hyperparameter tuning", 2020, without the delayed promotions).

    Args:
        cost: Name of the user attribute that holds a trial's cost.
        reduction_factor: Number of trials of which one continues.
        grace: Number of further trials that must be better before one is stopped, so that hardly
            any is stopped while there are few rivals.
        reading: Name of the user attribute that holds the values to compare, {"3": 1.63}: a value
            for each step, smaller is better. None: the reported values. Two trials are also
            compared by the reported values if one of them has no reading at the step.

    Raises:
        NasTcError: The reduction factor is 1 or less, which would stop everything, or the grace is
            below 0.
    """

    def __init__(
        self,
        cost: str = "complexity",
        *,
        reduction_factor: float = 4.0,
        grace: float = 1.0,
        reading: str | None = None,
    ) -> None:
        if reduction_factor <= 1 or grace < 0:
            raise NasTcError(
                "a pruner needs a reduction factor above 1 and a grace of 0 or more, not "
                f"{reduction_factor:g} and {grace:g}"
            )
        self._cost = cost
        self._reduction_factor = reduction_factor
        self._grace = grace
        self._reading = reading
        self._last = LastStudy()
        self._open = OpenTrials()
        self._rivals: dict[int, Table] = {}  # that have ended, by step

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether `trial` should stop at its last reported step.

        Args:
            study: Study of the trial.
            trial: Running trial.

        Raises:
            NasTcError: The trial has no user attribute with its cost.
        """
        step = trial.last_step
        if step is None:
            return False
        if self._cost not in trial.user_attrs:
            raise NasTcError(
                f"trial {trial.number} has no user attribute {self._cost!r}, which the pruner "
                "compares; set it before the first report"
            )
        cost = trial.user_attrs[self._cost]
        if self._last.is_other(study):
            self._open, self._rivals = OpenTrials(), {}
        running = Table(_COLUMNS)
        for other in self._open.of(study.get_trials(deepcopy=False)):
            if other.state in (TrialState.COMPLETE, TrialState.PRUNED):
                for reached in other.intermediate_values:
                    self._add(self._rivals.setdefault(reached, Table(_COLUMNS)), other, reached)
            elif (
                other.state == TrialState.RUNNING
                and other.number != trial.number
                and step in other.intermediate_values
            ):
                self._add(running, other, step)
        value, shown = trial.intermediate_values[step], self._shown(trial, step)
        found = [_against(running, cost, value, shown)]
        if step in self._rivals:
            found.append(_against(self._rivals[step], cost, value, shown))
        many = sum(those for those, _ in found)
        better = sum(ahead for _, ahead in found)
        return better > 0 and better >= self._grace + many / self._reduction_factor

    def _add(self, rivals: Table, trial: FrozenTrial, step: int) -> None:
        cost = trial.user_attrs.get(self._cost, inf)
        rivals.append((cost, trial.intermediate_values[step], self._shown(trial, step)))

    def _shown(self, trial: FrozenTrial, step: int) -> float:
        """The reading of a trial at a step; NaN if it has none."""
        found = None if self._reading is None else reading_of(trial, self._reading, step)
        return nan if found is None else found


def _against(rivals: Table, cost: float, value: float, shown: float) -> tuple[int, int]:
    """How many rivals cost no more than a trial, and how many of these are better.

    Args:
        rivals: Cost, reported value and reading of each.
        cost: Cost of the trial.
        value: Value that it reported.
        shown: Its reading; NaN if it has none.
    """
    rows = rivals.rows
    rows = rows[rows[:, 0] <= cost]
    by_value, by_reading = rows[:, 1] < value, rows[:, 2] < shown
    has_both = ~np.isnan(rows[:, 2]) & (not isnan(shown))
    return len(rows), int(np.where(has_both, by_reading, by_value).sum())
