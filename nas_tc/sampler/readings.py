"""Readings: what a trial shows at a rung beside its error, such as the loss of its training."""

from optuna.trial import FrozenTrial


def steps_of(trial: FrozenTrial, name: str | None) -> set[int]:
    """The steps at which a trial shows something.

    Args:
        trial: Trial of a study.
        name: Name of the user attribute with its readings; None: the reported values.
    """
    if name is None:
        return set(trial.intermediate_values)
    return {int(step) for step in trial.user_attrs.get(name, {})}


def reading_of(trial: FrozenTrial, name: str, step: int) -> float | None:
    """The reading of a trial at a step; None if it has none.

    Args:
        trial: Trial of a study.
        name: Name of the user attribute that holds the readings, {"3": 1.63}: a value a step.
        step: Step of a rung.
    """
    value: float | None = trial.user_attrs.get(name, {}).get(str(step))
    return value
