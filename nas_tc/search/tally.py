"""What a search has so far: its counts, its complete trials and their front."""

import time
from math import inf, isinf

from nas_tc.architecture import Architecture
from nas_tc.search.events import Progress
from nas_tc.search.stop_time import StopTime
from nas_tc.study.front import pareto_front
from nas_tc.study.record import StudyRecord
from nas_tc.study.repeats import with_repeats
from nas_tc.study.trial import TrialRecord


class Tally:
    """Counts the trials of a search that end, in this run and before.

    Args:
        record: Record of the study as this run begins.
        goal: Number of trials that are complete or pruned in the end, baselines not counted; None:
            no limit.

    Attributes:
        complete: Complete trials with the trials that repeat them.
        front: Pareto front of them.
        done: Number of complete and pruned trials, baselines not counted.
        failed: Number of networks that could not be trained in this run.
    """

    def __init__(self, record: StudyRecord, goal: int | None) -> None:
        self.complete = list(record.trained)
        self.front = record.front
        self.done = self._done_before = record.done
        self.failed = 0
        self._pruned = sum(
            t.state == "pruned" and t.reused is None and t.baseline is None for t in record.trials
        )
        self._objectives = record.objectives
        self._metric = record.metric
        self._goal = inf if goal is None else goal
        self._started = time.monotonic()

    def reaches_goal_with(self, running: int) -> bool:
        """Whether the goal is reached when so many more trials have ended."""
        return self.done + running >= self._goal

    def has_trained(self, architecture: Architecture) -> bool:
        """Whether a network has an error already."""
        return any(each.architecture == architecture for each in self.complete)

    def in_context(self, trial: TrialRecord) -> TrialRecord:
        """A trial that is not counted, with the trial of the same network that it repeats."""
        return with_repeats([*self.complete, trial])[-1]

    def add(self, trial: TrialRecord) -> TrialRecord:
        """Counts a trial that is complete or pruned.

        Args:
            trial: Trial that has ended.

        Returns:
            The trial with the one that it repeats.
        """
        *complete, record = with_repeats([*self.complete, trial])
        self.done += record.baseline is None
        if record.state == "complete":
            self.complete = [*complete, record]
            members = [each for each in self.complete if not each.is_landmark]
            self.front = pareto_front(members, self._objectives)
        else:
            self._pruned += record.baseline is None
        return record

    def progress(self, running: int, stop: StopTime | None) -> Progress:
        """The progress, with the time that is left.

        Args:
            running: Number of trials that are running.
            stop: Time at which the search has to end; None: no limit.
        """
        new = self.done - self._done_before
        elapsed = time.monotonic() - self._started
        left_s = elapsed / new * (self._goal - self.done) if new else inf
        if stop is not None:
            left_s = min(left_s, stop.left_s)
        return Progress(
            done=self.done,
            goal=None if isinf(self._goal) else int(self._goal),
            running=running,
            pruned=self._pruned,
            failed=self.failed,
            best=self.front[-1] if self.front else None,
            left_s=None if isinf(left_s) else left_s,
            metric=self._metric,
        )
