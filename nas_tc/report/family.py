"""The family tree: which change leads from one trained network to another, and what it gained."""

from collections.abc import Collection
from dataclasses import dataclass
from math import hypot, sqrt

import numpy as np

from nas_tc.report.against_baselines import counted_error, known_error
from nas_tc.report.change import Change, change, distances
from nas_tc.report.recommended import Recommended
from nas_tc.study import StudyRecord, TrialRecord

_MOST_CHANGES = 5  # fields of stages; what differs in more begins a family of its own
_MOST_SHOWN = 60  # networks; in larger studies the front and its ancestors
_CHANCE = 2.0  # standard errors below which a difference may be chance


@dataclass(frozen=True, slots=True)
class Member:
    """A network in the family tree.

    Attributes:
        trial: Its trial.
        change: What leads to it from its parent; None: it begins a family.
        gain: Error of the parent less its own, percentage points: above 0 is better.
        within: Two standard errors of the gain, percentage points; None where nothing tells it.
        children: Networks that descend from it, in the order of their trials.
    """

    trial: TrialRecord
    change: Change | None
    gain: float
    within: float | None
    children: "tuple[Member, ...]"

    @property
    def verdict(self) -> str:
        """Whether it is "better" or "worse" than its parent, or "open": that cannot be told."""
        if self.change is None or self.within is None or abs(self.gain) <= self.within:
            return "open"
        return "better" if self.gain > 0 else "worse"

    @property
    def size(self) -> int:
        """Number of networks of this branch."""
        return 1 + sum(child.size for child in self.children)


def family_tree(
    record: StudyRecord, choice: Recommended | None, keep: Collection[int] = ()
) -> tuple[Member, ...]:
    """The families of a study's trained networks, the largest first.

    The parent of a network is the network most like it among those trained before it: the one with
    the fewest fields of stages changed, and of several the nearest in cost. Studies with many
    networks show the front, the baselines and their ancestors alone.

    Args:
        record: Record of the study.
        choice: The recommendation, whose model knows the noise of one training.
        keep: Numbers of more trials to show.
    """
    trained = [trial for trial in record.trained if trial.repeat_of is None]
    parents = _parents(trained)
    by_number = {trial.number: trial for trial in trained}
    shown = set(by_number)
    if len(shown) > _MOST_SHOWN:
        shown = {trial.number for trial in record.shown} | (set(keep) & set(by_number))
        for number in tuple(shown):
            while (number := parents.get(number, -1)) >= 0:
                shown.add(number)
    noise = choice.model.noise if choice is not None and choice.model is not None else None
    children: dict[int, list[int]] = {}
    for number in sorted(shown):
        children.setdefault(parents.get(number, -1), []).append(number)

    def member(number: int) -> Member:
        trial = by_number[number]
        parent = by_number.get(parents.get(number, -1))
        below = tuple(member(child) for child in children.get(number, ()))
        if parent is None:
            return Member(trial, None, 0.0, None, below)
        ratio = trial.complexity / max(parent.complexity, 1)
        step = change(parent.architecture, trial.architecture, ratio)
        return Member(trial, step, *_gain(record, parent, trial, noise), below)

    return tuple(sorted(map(member, children.get(-1, ())), key=lambda each: -each.size))


def _parents(trained: list[TrialRecord]) -> dict[int, int]:
    """Number of each network's parent among those trained before it, where there is one."""
    found = {}
    far_from_all = distances([trial.architecture for trial in trained])
    costs = np.array([trial.complexity for trial in trained], dtype=np.float64)
    numbers = np.array([trial.number for trial in trained])
    for place, trial in enumerate(trained):
        far = far_from_all(place)
        (near,) = np.nonzero(far <= _MOST_CHANGES)
        if len(near):
            apart = np.abs(costs[near] - trial.complexity)
            first = np.lexsort((numbers[near], apart, far[near]))[0]
            found[trial.number] = int(numbers[near[first]])
    return found


def _gain(
    record: StudyRecord, parent: TrialRecord, trial: TrialRecord, noise: float | None
) -> tuple[float, float | None]:
    """Error of the parent less the network's own, and two standard errors of that, in points."""
    images = int(record.settings["data"]["validation_images"])
    metric = record.metric
    found = []
    for each in (parent, trial):
        mean, error = known_error(each, noise, images, metric)
        # A model may be too sure of its noise.
        if metric.is_counted and not each.reruns and error is not None:
            error = max(error, counted_error(mean, images) / sqrt(1 + len(each.repeats)))
        found.append((mean, error))
    (before, one), (after, other) = found
    both = None if one is None or other is None else _CHANCE * 100 * hypot(one, other)
    return 100 * (before - after), both
