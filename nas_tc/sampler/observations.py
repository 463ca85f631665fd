"""Errors observed in a study: those of complete trials, and estimates for pruned ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from nas_tc.sampler.readings import reading_of

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
    reading: str | None = None,
) -> list[Observation]:
    """The errors of complete and pruned trials, in the order of their numbers.

    A rung is a step at which trials report an error and may be pruned. A pruned trial's final error
    is estimated from what it showed at its last rung, by a line through what complete trials showed
    there and their final errors. A trial that was stopped before its first report, because its
    training diverged, counts with the worst error of all.

    Args:
        trials: Trials of one study.
        admits: Function that says whether a trial counts.
        sign: 1 where values are minimised, -1 where they are maximised.
        reading: Name of the user attribute with what trials show at rungs, {"3": 1.63}: a value for
            each step, smaller is better. None, or where too few complete trials have one: the
            reported values.
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
    least, worst = (end(each.error for each in found) for end in (min, max))
    lines: dict[tuple[int, str | None], _Line | None] = {}
    for trial in trials:
        if trial.state != TrialState.PRUNED or not admits(trial):
            continue
        rung = trial.last_step
        if rung is None:
            found.append(Observation(trial.number, worst))
            continue
        for name in (reading, None) if reading else (None,):
            if (rung, name) not in lines:
                lines[rung, name] = _line(complete, rung, sign, name)
            line, value = lines[rung, name], _shown(trial, rung, sign, name)
            if line is not None and isfinite(value):
                error = line.at_end + line.slope * (value - line.at_rung)
                error = min(max(error, least), worst)  # a line says nothing beyond its points
                found.append(Observation(trial.number, error, line.spread))
                break
    return sorted(found, key=lambda each: each.number)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line from what trials show at a rung to their final errors."""

    at_rung: float  # mean at the rung
    at_end: float  # mean final error
    slope: float
    spread: float  # standard deviation of the residuals


def _line(
    complete: Sequence[FrozenTrial], rung: int, sign: float, reading: str | None
) -> _Line | None:
    """The line of a rung; None for fewer than three trials that show something there."""
    pairs = [
        (shown, sign * (trial.value or 0.0))
        for trial in complete
        if isfinite(shown := _shown(trial, rung, sign, reading))
    ]
    if len(pairs) < _PAIRS:
        return None
    early, final = np.array(pairs).T
    variance = float(early.var())
    slope = 0.0
    if variance > 0:
        slope = max(float(np.mean((early - early.mean()) * (final - final.mean()))), 0.0) / variance
    if reading is None:
        slope = min(slope, 1.0)  # differences between errors do not grow
    rest = final - final.mean() - slope * (early - early.mean())
    spread = float(np.sqrt((rest**2).sum() / (len(pairs) - 2)))  # the line has two parameters
    return _Line(float(early.mean()), float(final.mean()), slope, spread)


def _shown(trial: FrozenTrial, rung: int, sign: float, reading: str | None) -> float:
    """What a trial shows at a rung, smaller is better; NaN if it shows nothing."""
    if reading is None:
        return sign * trial.intermediate_values.get(rung, float("nan"))
    value = reading_of(trial, reading, rung)
    return float("nan") if value is None else float(value)
