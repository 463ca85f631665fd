"""Stops candidates that are out of the running, never because a dearer one is better."""

import optuna
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, TrialState


class ParetoPruner(BasePruner):
    """Asynchronous successive halving along the front of error against cost.

    A trial is compared, at the same rung, only with trials that cost no more: whatever a dearer
    network reaches, a cheap one can still be Pareto-optimal. It is stopped when it is not among
    the best `1/halving` of those, itself included. Trials are compared with what is there at that
    moment, so nobody waits (Li et al., "A system for massively parallel hyperparameter tuning",
    2020, without the waiting promotions).

    Args:
        cost: name of the user attribute that holds a trial's cost.
        halving: of how many trials one goes on.
        grace: trials that cost no more must have reached the rung before one is stopped.
    """

    def __init__(self, cost: str = "complexity", *, halving: float = 2.0, grace: int = 4) -> None:
        self._cost = cost
        self._halving = halving
        self._grace = grace

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether `trial` should stop at its last reported step."""
        step = trial.last_step
        if step is None:
            return False
        own = trial.intermediate_values[step]
        cost = trial.user_attrs[self._cost]
        rivals = [
            other.intermediate_values[step]
            for other in study.get_trials(
                deepcopy=False,
                states=(TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING),
            )
            if other.number != trial.number
            and step in other.intermediate_values
            and other.user_attrs.get(self._cost, float("inf")) <= cost
        ]
        if len(rivals) < self._grace:
            return False
        places = (len(rivals) + 1) / self._halving
        return sum(value < own for value in rivals) >= places
