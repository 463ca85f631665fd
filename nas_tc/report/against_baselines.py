"""Is what a search found better than the best known network at the same budget?"""

from dataclasses import dataclass
from math import hypot, sqrt

from nas_tc.metric import Metric
from nas_tc.report.plot import short_number
from nas_tc.report.recommended import Recommended
from nas_tc.study import StudyRecord, TrialRecord

_CHANCE = 2.0  # standard errors below which a difference may be chance


@dataclass(frozen=True)
class AgainstBaseline:
    """The recommended network against the best baseline, by validation error.

    Attributes:
        baseline: the one with the least error.
        difference: its error less that of the recommended network: above 0 where the search won.
        error: standard error of the difference; 0 where the baseline is what is recommended, None
            where nothing tells it.
    """

    baseline: TrialRecord
    difference: float
    error: float | None

    def __str__(self) -> str:
        which = f"{self.baseline.baseline}, {short_number(self.baseline.complexity)}"
        if self.error == 0:
            return f"not better than the best baseline ({which}), which is what is recommended"
        by = f"{100 * abs(self.difference):.2f}"
        by += " points" if self.error is None else f" ± {100 * self.error:.2f} points"
        if self.difference <= 0:
            return f"not better than the best baseline ({which}), but worse by {by}"
        may_be_chance = self.error is None or self.difference < _CHANCE * self.error
        chance = ", which may be chance" if may_be_chance else ""
        return f"better than the best baseline ({which}) by {by}{chance}"


def against_baseline(record: StudyRecord, choice: Recommended | None) -> AgainstBaseline | None:
    """The comparison of what is recommended with the best baseline; None where there is none.

    Where a network was trained again with other seeds, those trainings alone count. Otherwise its
    error is what the model expects of it, or else the mean of its trainings; how far a single
    training may be out is then the model's noise, or without a model that of counting errors
    among the validation images. Of metrics that are no share of the images nothing tells it then.
    """
    baseline = record.best_baseline
    if baseline is None or choice is None:
        return None
    if choice.trial.number == baseline.number:
        return AgainstBaseline(baseline, 0.0, 0.0)
    model = choice.model
    noise = None if model is None else model.noise
    images = int(record.settings["data"]["validation_images"])
    is_counted = record.metric in (Metric.ERROR, Metric.SUBSET_ERROR)
    known, own_error = known_error(baseline, noise, images, is_counted=is_counted)
    expected, error = known_error(choice.trial, noise, images, is_counted=is_counted)
    if not choice.trial.reruns and model is not None and model.spread is not None:
        expected, error = model.expected, max(model.spread, 1 / images)
    both = None if own_error is None or error is None else hypot(own_error, error)
    return AgainstBaseline(baseline, known - expected, both)


def known_error(
    trial: TrialRecord, noise: float | None, images: int, *, is_counted: bool
) -> tuple[float, float | None]:
    """A network's validation error over its trainings, and the standard error of that if told."""
    again = trial.rerun_val_error
    mean, count = (again.mean, again.count) if again else (trial.mean_val_error or 0.0, 0)
    if again and again.deviation is not None:
        return mean, max(again.deviation, 1 / images) / sqrt(count)
    if noise is None and not is_counted:
        return mean, None
    count = count or 1 + len(trial.repeats)
    counted = sqrt(max(mean, 1 / images) * (1 - mean) / images)
    return mean, (counted if noise is None else max(noise, 1 / images)) / sqrt(count)
