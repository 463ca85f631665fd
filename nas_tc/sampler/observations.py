"""Errors observed in a study: those of complete trials, and estimates for pruned ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from optuna.trial import FrozenTrial, TrialState

_PAIRS = 3  # least number of complete trials for an estimate at a rung


@dataclass(frozen=True, slots=True)
class Observation:
    """The error of one trial, measured or, for a pruned trial, estimated."""

    number: int  # number of the trial
    error: float  # the objective's value; its negative where it is maximised
    spread: float = 0.0  # standard deviation of an estimate, beyond the common noise


def observations(
    trials: Sequence[FrozenTrial],
    admits: Callable[[FrozenTrial], bool],
    sign: float = 1.0,
) -> list[Observation]:
    """The errors of complete and pruned trials, in the order of their numbers.

    A rung is a step at which trials report an error and may be pruned. A pruned trial's final error
    is estimated from its last rung, by a line through the errors of complete trials at that rung
    and in the end. A trial that was stopped before its first report, because its training diverged,
    counts with the worst error of all.

    Args:
        trials: Trials of one study.
        admits: Function that says whether a trial counts.
        sign: 1 where values are minimised, -1 where they are maximised.
    """
    complete = [
        trial
        for trial in trials
        if trial.state == TrialState.COMPLETE
        and trial.value is not None
        and isfinite(trial.value)
        and admits(trial)
    ]
    found = [Observation(each.number, sign * (each.value or 0.0)) for each in complete]
    if not found:
        return []
    worst = max(each.error for each in found)
    lines: dict[int, tuple[float, float, float, float] | None] = {}
    for trial in trials:
        if trial.state != TrialState.PRUNED or not admits(trial):
            continue
        rung = trial.last_step
        if rung is None:
            found.append(Observation(trial.number, worst))
            continue
        if rung not in lines:
            lines[rung] = _line(complete, rung, sign)
        line, value = lines[rung], sign * trial.intermediate_values[rung]
        if line is not None and isfinite(value):
            at_rung, at_end, slope, spread = line
            found.append(Observation(trial.number, at_end + slope * (value - at_rung), spread))
    return sorted(found, key=lambda each: each.number)


def _line(
    complete: Sequence[FrozenTrial], rung: int, sign: float
) -> tuple[float, float, float, float] | None:
    """A line from errors at a rung to final errors; None for fewer than three trials.

    It is given by the mean error at the rung, the mean final error, the slope and the standard
    deviation of the residuals.
    """
    pairs = [
        (sign * trial.intermediate_values[rung], sign * (trial.value or 0.0))
        for trial in complete
        if isfinite(trial.intermediate_values.get(rung, float("nan")))
    ]
    if len(pairs) < _PAIRS:
        return None
    early, final = np.array(pairs).T
    variance = float(early.var())
    slope = 0.0
    if variance > 0:
        slope = float(np.clip(np.mean((early - early.mean()) * (final - final.mean())), 0, None))
        slope = min(slope / variance, 1.0)  # at most 1: differences do not grow
    rest = final - final.mean() - slope * (early - early.mean())
    return float(early.mean()), float(final.mean()), slope, float(rest.std())
