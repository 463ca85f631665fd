"""Errors observed in a study: those of complete trials, and estimates for pruned ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray
from optuna.trial import FrozenTrial, TrialState

from nas_tc.sampler.distributions import Floats
from nas_tc.sampler.open_trials import OpenTrials
from nas_tc.sampler.readings import reading_of, steps_of
from nas_tc.sampler.table import Table

_PAIRS = 3  # least number of complete trials for an estimate at a rung

Rung = tuple[int, str | None]  # step, and name of the reading; None: the reported value


@dataclass(frozen=True)
class Observed:
    """The errors of trials, measured or, for pruned trials, estimated; in the order of the trials.

    Attributes:
        numbers: Numbers of the trials, shape (trials,).
        errors: The objective's values; their negatives where it is maximised.
        spreads: Standard deviations of the estimates, beyond the common noise; 0 if measured.
    """

    numbers: NDArray[np.int64]
    errors: Floats
    spreads: Floats

    def __len__(self) -> int:
        return len(self.numbers)

    def at(self, places: Sequence[int] | slice) -> "Observed":
        """Some of them."""
        return Observed(self.numbers[places], self.errors[places], self.spreads[places])


@dataclass(frozen=True, slots=True)
class _Line:
    """A line from what trials show at a rung to their final errors."""

    at_rung: float  # mean at the rung
    at_end: float  # mean final error
    slope: float
    spread: float  # standard deviation of the residuals


class Observations:
    """The errors of complete and pruned trials, in the order of their numbers.

    A rung is a step at which trials report an error and may be pruned. A pruned trial's final error
    is estimated from what it showed at its last rung, by a line through what complete trials showed
    there and their final errors. A trial that was stopped before its first report, because its
    training diverged, counts with the worst error of all.

    Trials that have ended are read once.

    Args:
        admits: Function that says whether a trial counts.
        sign: 1 where values are minimised, -1 where they are maximised.
        reading: Name of the user attribute with what trials show at rungs, {"3": 1.63}: a value for
            each step, smaller is better. None, or where too few complete trials have one: the
            reported values.
    """

    def __init__(
        self,
        admits: Callable[[FrozenTrial], bool],
        sign: float = 1.0,
        reading: str | None = None,
    ) -> None:
        self._admits, self._sign = admits, sign
        self._readings = (reading, None) if reading else (None,)
        self._open = OpenTrials()
        self._complete = Table(2)  # number, error
        self._range = inf, -inf  # of their errors
        self._pairs: dict[Rung, Table] = {}  # of complete trials: number, shown, final
        self._diverged: list[int] = []
        self._pruned: dict[int, Table] = {}  # by their last rung: number, what each reading shows

    def of(self, trials: Sequence[FrozenTrial]) -> Observed:
        """The errors.

        Args:
            trials: All trials of the study, in the order of their numbers.
        """
        for trial in self._open.of(trials):
            if trial.state == TrialState.COMPLETE:
                self._add_complete(trial)
            elif trial.state == TrialState.PRUNED and self._admits(trial):
                self._add_pruned(trial)
        complete = self._complete.rows
        if not len(complete):
            return Observed(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))
        least, worst = self._range
        parts = [
            np.column_stack([complete, np.zeros(len(complete))]),
            np.array([(number, worst, 0.0) for number in self._diverged]).reshape(-1, 3),
        ]
        for step, pruned in self._pruned.items():
            parts += self._estimates(step, pruned.rows, least, worst)
        found = np.concatenate(parts)
        numbers, errors, spreads = found[np.argsort(found[:, 0], kind="stable")].T
        return Observed(numbers.astype(np.int64), errors.copy(), spreads.copy())

    def _add_complete(self, trial: FrozenTrial) -> None:
        value = trial.value
        if value is None or not isfinite(value) or not self._admits(trial):
            return
        error = self._sign * value
        self._complete.insert((trial.number, error))
        least, worst = self._range
        self._range = min(least, error), max(worst, error)
        for reading in self._readings:
            for step in steps_of(trial, reading):
                if isfinite(shown := _shown(trial, step, self._sign, reading)):
                    pairs = self._pairs.setdefault((step, reading), Table(3))
                    pairs.insert((trial.number, shown, error))

    def _add_pruned(self, trial: FrozenTrial) -> None:
        step = trial.last_step
        if step is None:
            self._diverged.append(trial.number)
            return
        shown = [_shown(trial, step, self._sign, each) for each in self._readings]
        table = self._pruned.setdefault(step, Table(1 + len(shown)))
        table.insert((trial.number, *shown))

    def _estimates(
        self,
        step: int,
        pruned: Floats,
        least: float,
        worst: float,
    ) -> list[Floats]:
        """The estimates for trials that were pruned at a step: rows of number, error and spread.

        Args:
            step: Step of the rung.
            pruned: Trials, with what they showed there, shape (trials, 1 + readings).
            least: Least error of all.
            worst: Greatest error.
        """
        numbers, values = pruned[:, 0], pruned[:, 1:]
        found: list[Floats] = []
        for place, reading in enumerate(self._readings):
            line = self._line(step, reading)
            is_shown = np.isfinite(values[:, place])
            if line is None or not is_shown.any():
                continue
            errors = line.at_end + line.slope * (values[is_shown, place] - line.at_rung)
            errors = np.minimum(np.maximum(errors, least), worst)  # a line says no more
            spreads = np.full(len(errors), line.spread)
            found.append(np.column_stack([numbers[is_shown], errors, spreads]))
            numbers, values = numbers[~is_shown], values[~is_shown]
        return found

    def _line(self, step: int, reading: str | None) -> _Line | None:
        """The line of a rung; None for fewer than three trials that show something there."""
        pairs = self._pairs.get((step, reading))
        if pairs is None or len(pairs.rows) < _PAIRS:
            return None
        _, early, final = pairs.rows.T
        variance = float(early.var())
        slope = 0.0
        if variance > 0:
            covariance = float(np.mean((early - early.mean()) * (final - final.mean())))
            slope = max(covariance, 0.0) / variance
        if reading is None:
            slope = min(slope, 1.0)  # differences between errors do not grow
        rest = final - final.mean() - slope * (early - early.mean())
        # The line has two parameters.
        spread = float(np.sqrt((rest**2).sum() / (len(rest) - 2)))
        return _Line(float(early.mean()), float(final.mean()), slope, spread)


def observations(
    trials: Sequence[FrozenTrial],
    admits: Callable[[FrozenTrial], bool],
    sign: float = 1.0,
    reading: str | None = None,
) -> Observed:
    """The errors that `Observations` reads in trials; the arguments are its own.

    Args:
        trials: All trials of a study, in the order of their numbers.
        admits: Function that says whether a trial counts.
        sign: 1 where values are minimised, -1 where they are maximised.
        reading: Name of the user attribute with what trials show at rungs.
    """
    return Observations(admits, sign, reading).of(trials)


def _shown(trial: FrozenTrial, rung: int, sign: float, reading: str | None) -> float:
    """What a trial shows at a rung, smaller is better; NaN if it shows nothing."""
    if reading is None:
        return sign * trial.intermediate_values.get(rung, float("nan"))
    value = reading_of(trial, reading, rung)
    return float("nan") if value is None else float(value)
