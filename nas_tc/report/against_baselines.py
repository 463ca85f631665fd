"""Is what a search found better than known networks at the same budget, and than the user's own?"""

from dataclasses import dataclass
from math import hypot, sqrt

from scipy.stats import t as student

from nas_tc._words import short_number
from nas_tc.budget import IT
from nas_tc.metric import Metric
from nas_tc.report.recommended import Recommended
from nas_tc.study import StudyRecord, TrialRecord

_NORMAL = 1.96  # standard errors on either side of a 95 % interval
_CHANCE = 2.0  # standard errors below which a difference may be chance


@dataclass(frozen=True)
class AgainstBaseline:
    """The recommended network against a baseline, by validation error.

    Attributes:
        baseline: the one with the least error, or the network that the search is around.
        difference: its error less that of the recommended network: above 0 where the search won.
        error: standard error of the difference; 0 where the baseline is what is recommended, None
            where nothing tells it.
        cost: share of the baseline's multiply-adds that the recommended network has.
        trainings: fewest trainings again that stand behind one of the two errors; 0 without any.
    """

    baseline: TrialRecord
    difference: float
    error: float | None
    cost: float = 1.0
    trainings: int = 0

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the difference; None where nothing tells it."""
        if self.error is None:
            return None
        far = _NORMAL
        if self.trainings > 1:
            far = float(student.ppf(0.975, self.trainings - 1))
        return self.difference - far * self.error, self.difference + far * self.error

    def __str__(self) -> str:
        size = short_number(self.baseline.complexity)
        which = f"the best baseline ({self.baseline.baseline}, {size})"
        is_own = self.baseline.baseline == IT
        if is_own:
            which = f"{IT}, the network of --around ({size})"
        if self.error == 0:
            return f"not better than {which}, which is what is recommended"
        by = f"{100 * abs(self.difference):.2f}"
        by += " points" if self.error is None else f" ± {100 * self.error:.2f} points"
        behind = self._at_its_cost() if is_own else ""
        if self.difference <= 0:
            return f"not better than {which}, but worse by {by}{behind}"
        may_be_chance = self.error is None or self.difference < _CHANCE * self.error
        if is_own and self.interval is not None:
            may_be_chance = self.interval[0] <= 0
        chance = ", which may be chance" if may_be_chance else ""
        return f"better than {which} by {by}{behind}{chance}"

    def _at_its_cost(self) -> str:
        cost = f", at {self.cost:.0%} of its multiply-adds".replace("%", " %")
        if self.interval is None:
            return cost
        least, most = (100 * each for each in self.interval)
        return f" (gain: 95 % interval {least:.2f} to {most:.2f}){cost}"


def against_own(record: StudyRecord, choice: Recommended | None) -> AgainstBaseline | None:
    """The same comparison with the network that the search is around; None where there is none."""
    if record.own is None or record.own.val_error is None or choice is None:
        return None
    return _against(record, choice, record.own)


def against_baseline(record: StudyRecord, choice: Recommended | None) -> AgainstBaseline | None:
    """The comparison of what is recommended with the best baseline; None where there is none.

    Where a network was trained again with other seeds, those trainings alone count. Otherwise its
    error is what the model expects of it, or else the mean of its trainings; how far a single
    training may be out is then the model's noise, or without a model that of counting errors
    among the validation images. Of metrics that are no share of the images nothing tells it then.
    """
    baseline = record.best_baseline
    return None if baseline is None or choice is None else _against(record, choice, baseline)


def _against(record: StudyRecord, choice: Recommended, baseline: TrialRecord) -> AgainstBaseline:
    cost = choice.trial.complexity / baseline.complexity
    if choice.trial.number == baseline.number:
        return AgainstBaseline(baseline, 0.0, 0.0)
    model = choice.model
    noise = None if model is None else model.noise
    images = int(record.settings["data"]["validation_images"])
    known, own_error = known_error(baseline, noise, images, record.metric)
    expected, error = known_error(choice.trial, noise, images, record.metric)
    if not choice.trial.reruns and model is not None and model.spread is not None:
        expected, error = model.expected, max(model.spread, 1 / images)
    both = None if own_error is None or error is None else hypot(own_error, error)
    again = [each.rerun_val_error for each in (baseline, choice.trial)]
    trainings = min(each.count if each else 0 for each in again)
    return AgainstBaseline(baseline, known - expected, both, cost, trainings)


def known_error(
    trial: TrialRecord, noise: float | None, images: int, metric: Metric
) -> tuple[float, float | None]:
    """A network's validation error over its trainings, and the standard error of that if told."""
    again = trial.rerun_val_error
    mean, count = (again.mean, again.count) if again else (trial.mean_val_error or 0.0, 0)
    if again and again.deviation is not None:
        return mean, max(again.deviation, 1 / images) / sqrt(count)
    if noise is None and not metric.is_counted:
        return mean, None
    count = count or 1 + len(trial.repeats)
    counted = counted_error(mean, images)
    return mean, (counted if noise is None else max(noise, 1 / images)) / sqrt(count)


def counted_error(share: float, images: int) -> float:
    """Standard error of a share of images; a share of 0 counts as one image.

    Args:
        share: Share of the images that are wrong, 0 to 1.
        images: Number of images.
    """
    return sqrt(max(share, 1 / images) * (1 - share) / images)
