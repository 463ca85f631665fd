"""What listeners are told of a running search: what workers train, how quickly, how long still."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from nas_tc.architecture import Architecture
from nas_tc.recipe import Recipe
from nas_tc.search.events import Progress, RunningTrial
from nas_tc.search.stop_time import StopTime
from nas_tc.search.time_left import TimeLeft
from nas_tc.study.record import StudyRecord
from nas_tc.training import Rung

_RECENT = 16  # rungs that the speed is taken from


class Watch:
    """Follows the networks that workers have.

    Args:
        record: Record of the study as this run begins.
        recipe: Recipe of the trainings.
        images: Number of training images.
        workers: Number of workers.
        reruns: Number of trainings of each network of the front that follow in the end.
        clock: Seconds of a clock that never goes back.

    Attributes:
        test_s: Seconds that the tests of the front will take on all workers.
    """

    def __init__(
        self,
        record: StudyRecord,
        recipe: Recipe,
        images: int,
        workers: int,
        reruns: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.test_s = 0.0
        self._epochs = recipe.epochs
        self._images = images
        self._reruns = reruns
        self._clock = clock
        self._left = TimeLeft(workers, recipe.rungs, clock)
        self._trials: dict[int, RunningTrial] = {}
        self._trained: dict[int, tuple[int, float]] = {}  # epochs and seconds at the last rung
        self._recent: deque[tuple[int, float]] = deque(maxlen=_RECENT)  # the same of each rung
        for trial in record.trials:
            if trial.train_s is not None and trial.val_errors and trial.reused is None:
                self._left.knows(max(trial.val_errors), trial.train_s)

    def began(
        self, number: int, network: Architecture, baseline: str | None, *, is_timed: bool = False
    ) -> None:
        """Notes that a worker begins to train a network, or before that to time it."""
        self._left.began(number)
        known = self._trials.get(number)
        began_s = self._clock() if known is None else known.began_s
        self._trials[number] = RunningTrial(number, network, baseline, is_timed, began_s)

    def rung(self, number: int, rung: Rung, earlier: Sequence[Rung] = ()) -> None:
        """Notes that a training has reached a rung; one that goes on has earlier ones."""
        self._left.rung(number, rung.epoch, rung.train_s + rung.validation_s)
        trial = self._trials[number]
        before = {each.epoch: each.val_error for each in earlier}
        errors = {**trial.val_errors, **before, rung.epoch: rung.val_error}
        self._trials[number] = replace(trial, val_errors=errors)
        epochs, seconds = self._trained.get(number, (0, 0.0))
        self._recent.append((rung.epoch - epochs, rung.train_s - seconds))
        self._trained[number] = (rung.epoch, rung.train_s)

    def ended(self, number: int) -> None:
        """Notes that a network has left its worker, in whatever way; one without a worker may."""
        trial = self._trials.pop(number, None)
        if trial is not None:
            self._left.ended(number, counts=trial.baseline is None and bool(trial.val_errors))
            self._trained.pop(number, None)

    @property
    def images_per_s(self) -> float | None:
        """Images that all workers train on in a second; None before a first rung."""
        seconds = sum(each for _, each in self._recent)
        training = sum(not each.is_timed for each in self._trials.values())
        if not training or seconds <= 0:
            return None
        return training * self._images * sum(epochs for epochs, _ in self._recent) / seconds

    def complete(
        self, progress: Progress, to_begin: float, baselines: int, stop: StopTime | None
    ) -> Progress:
        """A progress with what is running, its speed and the time that is left.

        Args:
            progress: What the search has so far.
            to_begin: Number of trials that are still to begin; inf: as many as fit.
            baselines: Number of known networks that are still to begin.
            stop: Time at which the search has to end; None: no limit.
        """
        whole = baselines + self._reruns * (len(progress.front) + 1)
        return replace(
            progress,
            left_s=self._left.left_s(to_begin, whole, stop, self.test_s),
            trials=tuple(self._trials.values()),
            images_per_s=self.images_per_s,
            epochs=self._epochs,
        )
