"""What a search has so far: its counts, its complete trials and their front."""

from math import inf, isinf

from nas_tc.architecture import Architecture
from nas_tc.search.events import Progress
from nas_tc.study.front import pareto_front
from nas_tc.study.record import StudyRecord
from nas_tc.study.repeats import with_repeats
from nas_tc.study.trial import TrialRecord
from nas_tc.study.weights import near_weights


class Tally:
    """Counts the trials of a search that end, in this run and before.

    Args:
        record: Record of the study as this run begins.
        goal: Number of trials that are complete or pruned in the end, baselines not counted; None:
            no limit.

    Attributes:
        complete: Complete trials with the trials that repeat them.
        front: Pareto front of them.
        near_front: Those on the front or near it, and the baselines.
        baselines: Number of complete baselines.
        done: Number of complete and pruned trials, baselines not counted.
        failed: Number of networks that could not be trained in this run.
        rejected: Number of networks over a limit on time, in all runs.
    """

    def __init__(self, record: StudyRecord, goal: int | None) -> None:
        self._objectives = record.objectives
        self.complete = list(record.trained)
        self.front = record.front
        self._trained = {trial.architecture for trial in self.complete}
        self.near_front = near_weights(self.complete, self._objectives)
        self.baselines = sum(trial.baseline is not None for trial in self.complete)
        self.done = record.done
        self.failed = 0
        self.rejected = record.states.get("rejected", 0)
        self._pruned = sum(
            t.state == "pruned" and t.reused is None and t.baseline is None for t in record.trials
        )
        self._metric = record.metric
        self._goal = inf if goal is None else goal

    def reaches_goal_with(self, running: int) -> bool:
        """Whether the goal is reached when so many more trials have ended."""
        return self.done + running >= self._goal

    def to_begin(self, running: int) -> float:
        """Number of trials that are still to begin where so many run; inf without a goal."""
        return max(0.0, self._goal - self.done - running)

    def has_trained(self, architecture: Architecture) -> bool:
        """Whether a network has an error already."""
        return architecture in self._trained

    def rivals_of(self, trial: TrialRecord) -> list[TrialRecord]:
        """The complete trials that decide with a new one which weights are kept.

        Those near the front decide, unless the network was trained before: its mean error changes,
        and then others may come near.

        Args:
            trial: Trial that has been trained to the end.
        """
        return self.complete if self.has_trained(trial.architecture) else self.near_front

    def in_context(self, trial: TrialRecord) -> TrialRecord:
        """A trial that is not counted, with the trial of the same network that it repeats."""
        if not self.has_trained(trial.architecture):
            return with_repeats([trial])[-1]
        return with_repeats([*self.complete, trial])[-1]

    def add(self, trial: TrialRecord) -> TrialRecord:
        """Counts a trial that is complete or pruned.

        Args:
            trial: Trial that has ended.

        Returns:
            The trial with the one that it repeats.
        """
        self.done += trial.baseline is None
        if trial.state != "complete":
            self._pruned += trial.baseline is None
            return self.in_context(trial)
        self.baselines += trial.baseline is not None
        if self.has_trained(trial.architecture):
            self.complete = list(with_repeats([*self.complete, trial]))
            near = self.complete
        else:
            self._trained.add(trial.architecture)
            self.complete.append(*with_repeats([trial]))
            near = [*self.near_front, self.complete[-1]]  # which only pushes others away
        self.near_front = near_weights(near, self._objectives)
        members = [each for each in self.near_front if not each.is_landmark]
        self.front = pareto_front(members, self._objectives)
        return self.complete[-1]

    def progress(self, running: int) -> Progress:
        """The progress, but for what is running and the time that is left.

        Args:
            running: Number of trials that are running.
        """
        return Progress(
            done=self.done,
            goal=None if isinf(self._goal) else int(self._goal),
            running=running,
            pruned=self._pruned,
            failed=self.failed,
            best=self.front[-1] if self.front else None,
            left_s=None,
            metric=self._metric,
            rejected=self.rejected,
            trained=self.complete,
            front=self.front,
            cost=self._objectives[1],
        )
