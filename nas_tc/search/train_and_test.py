"""Trains networks to the end and tests them, without a study: for reruns and for experiments."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field

from nas_tc.architecture import Architecture
from nas_tc.metric import AnyConfusion
from nas_tc.search.jobs import run_jobs
from nas_tc.search.pool import FailedError, LostError, Pool
from nas_tc.training import Rung
from nas_tc.worker import TrainingResult


@dataclass(frozen=True)
class TrainingJob:
    """One training.

    Attributes:
        key: Name of the job, which no other job has.
        network: Network to train.
        seed: Seed of the training, for weights and batches.
    """

    key: Hashable
    network: Architecture
    seed: int


@dataclass(frozen=True)
class Trained:
    """Result of a training.

    Attributes:
        rungs: Errors and times after the recipe's rungs; the last is that of all epochs.
        test_error: Error on the test images by the metric of the pool, 0 to 1.
    """

    rungs: tuple[Rung, ...]
    test_error: float


def train_and_test(
    pool: Pool,
    check: Callable[[], None],
    jobs: Iterable[TrainingJob],
    ended: Callable[[TrainingJob, Trained | FailedError], None],
    *,
    may_begin: Callable[[], bool] = lambda: True,
) -> None:
    """Trains each network and tests it with its weights, which need not be kept so.

    A network whose worker died goes on once more from its last rung with a new worker.

    Args:
        pool: Workers that train and test.
        check: Called between two steps; its exception ends the loop (`Interrupts.check`).
        jobs: Trainings in the order in which they begin.
        ended: Called with each job and its result as it arrives.
        may_begin: Asked before each training; from the first False on, none begins.

    Raises:
        KeyboardInterrupt: By `check`, when the user pressed Ctrl-C.
    """
    loop = _Loop(pool, deque(jobs), ended, may_begin)
    run_jobs(pool, check, loop.begin_next, loop.handle)


@dataclass
class _Loop:
    """Jobs on their way through the workers."""

    pool: Pool
    waiting: deque[TrainingJob]
    ended: Callable[[TrainingJob, Trained | FailedError], None]
    may_begin: Callable[[], bool]
    tests: deque[tuple[TrainingJob, bytes]] = field(default_factory=deque)  # and the weights
    running: dict[Hashable, TrainingJob] = field(default_factory=dict)
    rungs: dict[Hashable, tuple[Rung, ...]] = field(default_factory=dict)
    states: dict[Hashable, bytes] = field(default_factory=dict)  # after the last rung
    lost: set[Hashable] = field(default_factory=set)  # jobs whose worker died once

    def begin_next(self) -> bool:
        """Gives the next test or training to an idle worker; returns False if there is none."""
        if self.tests:
            job, weights = self.tests.popleft()
            self.pool.test(job.key, job.network, weights)
        elif self.waiting and self.may_begin():
            job = self.waiting.popleft()
            self.rungs[job.key] = ()
            self.pool.begin(job.key, job.network, job.seed, self.states.get(job.key))
        else:
            return False
        self.running[job.key] = job
        return True

    def handle(self, key: Hashable, answer: TrainingResult | AnyConfusion | FailedError) -> None:
        """Takes the answer of a job's worker."""
        if isinstance(answer, TrainingResult):
            if answer.diverged is None:
                self._climb(key, answer)
                return
            answer = FailedError(answer.diverged)
        self.pool.release(key)
        job = self.running.pop(key)
        if isinstance(answer, LostError) and key not in self.lost:
            self.lost.add(key)
            self.waiting.appendleft(job)
            return
        self.states.pop(key, None)
        if isinstance(answer, FailedError):
            self.ended(job, answer)
        else:
            self.ended(job, Trained(self.rungs[key], self.pool.metric.of(answer)))

    def _climb(self, key: Hashable, answer: TrainingResult) -> None:
        """Keeps a rung; the next one follows, or the test after the last."""
        assert answer.rung is not None
        self.rungs[key] += (*answer.earlier, answer.rung)
        if answer.weights is None:
            self.pool.advance(key)
            if answer.state is not None:
                self.states[key] = answer.state
        else:
            self.states.pop(key, None)
            self.pool.release(key)
            self.tests.append((self.running.pop(key), answer.weights))
