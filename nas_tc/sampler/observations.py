"""What the finished and the pruned trials of a study say about the error."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from optuna.trial import FrozenTrial, TrialState

_PAIRS = 3  # complete trials with a rung before it says anything


@dataclass(frozen=True, slots=True)
class Observation:
    """The error of one trial, or what a pruned one's is taken to be."""

    number: int
    error: float  # smaller is better
    spread: float = 0.0  # standard deviation beyond the common noise


def observations(
    trials: Sequence[FrozenTrial],
    admits: Callable[[FrozenTrial], bool],
    sign: float = 1.0,
) -> list[Observation]:
    """The errors of the finished trials, by number.

    A pruned trial is read by its last rung: the errors of complete trials at that rung say what
    to expect in the end, and how far that may be out. One that was stopped before it reported
    anything (its training diverged) has the worst error of all.

    Args:
        trials: of one study.
        admits: whether a trial is of use.
        sign: -1 where values are maximised.
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
    """From errors at a rung to final ones: both means, the slope and what remains."""
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
        slope = min(slope / variance, 1.0)  # who is behind early does not fall back further
    rest = final - final.mean() - slope * (early - early.mean())
    return float(early.mean()), float(final.mean()), slope, float(rest.std())
