"""How long a search will still take, by what its trainings took so far."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite

from nas_tc.search.stop_time import StopTime

_FAMILIAR = 2.0  # trials whose share counts as much as what is assumed before any has ended
_SURVIVE = 0.4  # of the trials pass a first rung, by the pruner's own rule with 10 to 40 rivals
_LEAST = 0.05  # of a training remains where it has taken longer than expected


@dataclass
class _Job:
    """A network on a worker."""

    began_s: float
    epochs: int = 0  # at the last rung
    rung_s: float = 0.0  # seconds on the worker until then

    def seconds(self, now: float) -> float:
        """Seconds on the worker until now."""
        return now - self.began_s


class TimeLeft:
    """Estimates the seconds until a search has ended, the tests of its front included.

    A training that is pruned takes a fraction of a whole one. So two things are learnt apart: what
    a whole training takes, of which each rung shows a part, and which share of it trials get. The
    share is unsteady while few have ended, so a usual one counts as much as two trials. Seconds on
    workers for networks that are rejected or fail are shared among the others, and so are those of
    workers that wait. The first trainings wait for their workers to start, which does not count.

    Args:
        workers: Number of workers.
        rungs: Epochs after which a training may be pruned, the last one its end.
        clock: Seconds of a clock that never goes back.
    """

    def __init__(
        self, workers: int, rungs: Sequence[int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._workers = workers
        self._epochs = rungs[-1]
        first = rungs[0] / self._epochs
        self._usual_share = first + (1 - first) * _SURVIVE
        self._clock = clock
        self._jobs: dict[int, _Job] = {}
        self._started_s: float | None = None  # when the workers were ready
        self._whole = 0.0  # trainings that have ended, in whole ones, and their seconds
        self._whole_s = 0.0
        self._trials = 0.0  # trials that count, and their share of whole trainings
        self._shares = 0.0
        self._lost_s = 0.0  # seconds for networks that do not count
        self._busy_s = 0.0  # seconds of all jobs that have ended

    def knows(self, epochs: int, seconds: float) -> None:
        """Takes a trial of an earlier run into account.

        Args:
            epochs: Epochs that it was trained.
            seconds: Seconds that this took.
        """
        self._count(epochs, seconds)

    def began(self, number: int) -> None:
        """Notes that a worker begins with the network of trial `number`."""
        self._jobs.setdefault(number, _Job(self._clock()))

    def rung(self, number: int, epochs: int, seconds: float) -> None:
        """Notes that a training has reached a rung.

        Args:
            number: Number of the trial.
            epochs: Epochs so far.
            seconds: Seconds of training and validation so far, by the worker's clock.
        """
        job, now = self._jobs[number], self._clock()
        if self._started_s is None:
            self._started_s = max(job.began_s, now - seconds)
        if not job.epochs:
            # Later where its worker had to start, earlier where it goes on from an earlier run.
            job.began_s = min(max(job.began_s, self._started_s), now - seconds)
        job.epochs, job.rung_s = epochs, job.seconds(now)

    def ended(self, number: int, *, counts: bool = True) -> None:
        """Notes that a network has ended, in whatever way.

        Args:
            number: Number of the trial.
            counts: Whether it counts for the goal of the search.
        """
        job = self._jobs.pop(number)
        seconds = job.seconds(self._clock())
        self._busy_s += seconds
        if counts:
            self._count(job.epochs, seconds)
        elif job.epochs:  # a baseline: it tells what a training takes
            self._whole += job.epochs / self._epochs
            self._whole_s += seconds
        else:
            self._lost_s += seconds

    def _count(self, epochs: int, seconds: float) -> None:
        self._trials += 1
        self._shares += epochs / self._epochs
        self._whole += epochs / self._epochs
        self._whole_s += seconds

    @property
    def whole_s(self) -> float | None:
        """Seconds that a worker takes for a whole training; None before the first rung."""
        running = [job for job in self._jobs.values() if job.epochs]
        whole = self._whole + sum(job.epochs for job in running) / self._epochs
        return (self._whole_s + sum(job.rung_s for job in running)) / whole if whole else None

    def left_s(
        self,
        to_begin: float,
        whole: int = 0,
        stop: StopTime | None = None,
        test_s: float = 0.0,
    ) -> float | None:
        """Seconds until the search has ended.

        Args:
            to_begin: Number of trials that are still to begin; inf: as many as fit.
            whole: Number of further trainings that are never pruned: baselines, reruns.
            stop: Time at which the search has to end; None: no limit.
            test_s: Seconds that the tests of the front will take on all workers.

        Returns:
            Seconds, 0 or more; None before a training has shown what it takes, unless the clock
            ends the search.
        """
        by_goal = self._by_goal(to_begin, whole)
        by_clock = inf if stop is None else self._by_clock(stop)
        left_s = min(by_goal, by_clock)
        return left_s + test_s / self._workers if isfinite(left_s) else None

    def _by_goal(self, to_begin: float, whole: int) -> float:
        """Seconds until all trainings have ended; inf if that is not known."""
        full_s = self.whole_s
        if full_s is None or not isfinite(to_begin):
            return inf
        running = self._remaining(full_s)
        if not to_begin and not whole:
            return max(running, default=0.0)
        waiting_s = to_begin * self._trial_s(full_s) * self._idleness() + whole * full_s
        # The workers end one after another; the last ones are likely to have whole trainings.
        last_s = full_s * (self._workers - 1) / (2 * self._workers)
        even_s = (sum(running) + waiting_s) / self._workers + min(last_s, waiting_s)
        return max(even_s, *running, 0.0)

    def _by_clock(self, stop: StopTime) -> float:
        """Seconds until the last training has ended that begins before it is too late."""
        full_s = self.whole_s
        if full_s is None:
            return stop.left_s
        rest_s = stop.left_s - stop.longest_s  # while another one is begun
        if rest_s <= 0:
            return min(stop.left_s, max(self._remaining(full_s), default=0.0))
        return min(stop.left_s, rest_s + full_s * self._workers / (self._workers + 1))

    def _remaining(self, full_s: float) -> list[float]:
        """Seconds that each running network will still take."""
        now = self._clock()
        expected_s = self._usual_share * full_s
        remaining = []
        for job in self._jobs.values():
            seconds = job.seconds(now)
            # One that has passed a rung has a pace of its own.
            total_s = job.rung_s * self._epochs / job.epochs if job.epochs else expected_s
            remaining.append(max(total_s - seconds, _LEAST * total_s))
        return remaining

    def _trial_s(self, full_s: float) -> float:
        """Seconds on a worker for a trial that counts, with its part of what is lost."""
        survivors = sum(bool(job.epochs) for job in self._jobs.values())  # likely to end whole
        trials = self._trials + survivors
        shares = self._shares + survivors + _FAMILIAR * self._usual_share
        return full_s * shares / (trials + _FAMILIAR) + self._lost_s / max(trials, 1.0)

    def _idleness(self) -> float:
        """Seconds of all workers by those that they were busy, 1 or more."""
        if self._started_s is None:
            return 1.0
        now = self._clock()
        busy_s = self._busy_s + sum(job.seconds(now) for job in self._jobs.values())
        return max(1.0, self._workers * (now - self._started_s) / busy_s) if busy_s else 1.0
