"""`ParetoPruner`: an Optuna pruner that compares a trial only with those that cost no more."""

import optuna
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, TrialState

from nas_tc.errors import NasTcError
from nas_tc.sampler.readings import reading_of


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
        rivals = [
            other
            for other in study.get_trials(
                deepcopy=False,
                states=(TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING),
            )
            if other.number != trial.number
            and step in other.intermediate_values
            and other.user_attrs.get(self._cost, float("inf")) <= cost
        ]
        better = sum(self._is_better(other, trial, step) for other in rivals)
        return better > 0 and better >= self._grace + len(rivals) / self._reduction_factor

    def _is_better(self, one: FrozenTrial, other: FrozenTrial, step: int) -> bool:
        if self._reading is not None:
            ours, theirs = (reading_of(each, self._reading, step) for each in (one, other))
            if ours is not None and theirs is not None:
                return ours < theirs
        return one.intermediate_values[step] < other.intermediate_values[step]
