"""Early stopping of hopeless candidates, but never because a costlier one is better."""

import optuna
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, TrialState

from nas_tc.errors import NasTcError


class ParetoPruner(BasePruner):
    """Asynchronous successive halving along the front of error against cost.

    A trial is compared, at the same rung, only with trials that cost no more: whatever a costlier
    network reaches, a cheap one can still be Pareto-optimal. It goes on while it is among the best
    `1/halving` of those, or fewer than `grace` trials behind these. Trials are compared with what
    is there at that moment, so nobody waits (Li et al., "A system for massively parallel
    hyperparameter tuning", 2020, without the waiting promotions).

    Args:
        cost: name of the user attribute that holds a trial's cost.
        halving: of how many trials one goes on.
        grace: so many more trials have to be better before one is stopped; of a few rivals, hardly
            any is stopped.

    Raises:
        NasTcError: a halving of 1 or less, which would stop everything, or a grace below 0.
    """

    def __init__(
        self, cost: str = "complexity", *, halving: float = 4.0, grace: float = 1.0
    ) -> None:
        if halving <= 1 or grace < 0:
            raise NasTcError(
                f"a pruner needs a halving above 1 and a grace of 0 or more, not {halving:g} and "
                f"{grace:g}"
            )
        self._cost = cost
        self._halving = halving
        self._grace = grace

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether `trial` should stop at its last reported step.

        Raises:
            NasTcError: its cost is not among its user attributes.
        """
        step = trial.last_step
        if step is None:
            return False
        own = trial.intermediate_values[step]
        if self._cost not in trial.user_attrs:
            raise NasTcError(
                f"trial {trial.number} has no user attribute {self._cost!r}, which the pruner "
                "compares: set it before the first report"
            )
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
        better = sum(value < own for value in rivals)
        return better > 0 and better >= self._grace + len(rivals) / self._halving
