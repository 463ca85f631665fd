"""Weights of the front that are gone: their networks are trained again as they were."""

from collections import Counter, deque

from nas_tc.search.as_searched import seed_of
from nas_tc.search.jobs import run_jobs
from nas_tc.search.pool import FailedError, LostError
from nas_tc.search.session import Session
from nas_tc.search.stop_time import StopTime
from nas_tc.study.attributes import TEST_ERRORS_KEY
from nas_tc.study.files import weights_file
from nas_tc.study.record import StudyRecord
from nas_tc.study.study_storage import turn
from nas_tc.study.study_url import StudyUrl
from nas_tc.study.trial import TrialRecord
from nas_tc.study.weights import Weights
from nas_tc.worker import TrainingResult


def shown_without_weights(record: StudyRecord) -> list[TrialRecord]:
    """Members of the front and baselines that have no file of weights.

    None where several machines keep the weights of their own trials, which this one cannot see.

    Args:
        record: Record of the study.
    """
    if isinstance(record.path, StudyUrl) and record.path.weights is None:
        return []
    return [each for each in record.shown if not weights_file(record.path, each.number).is_file()]


def restore_weights(session: Session, stop: StopTime | None = None) -> None:
    """Trains members of the front and baselines again whose weights are gone.

    A study keeps weights near the front. Each further training of a network may raise its mean
    error, and after several of them a network joins the front that was far from it. A training has
    the seed that it had, so on the same machine its result is the same.

    Args:
        session: Study, workers and listener.
        stop: Time at which the search has to end; None: no limit.

    Raises:
        KeyboardInterrupt: The user pressed Ctrl-C.
        StudyError: Weights cannot be written.
    """
    repeats = _Repeats(session, stop)
    run_jobs(
        session.pool, session.check, repeats.begin_next, repeats.handle, tick=repeats.drop_late
    )


class _Repeats:
    """Trainings on their way through the workers."""

    def __init__(self, session: Session, stop: StopTime | None) -> None:
        self._session, self._stop = session, stop
        self._record = session.record()
        self._waiting = deque(shown_without_weights(self._record))
        self._running: dict[int, TrialRecord] = {}
        self._states: dict[int, bytes] = {}  # after the last rung
        self._losses: Counter[int] = Counter()  # workers that died, by trial

    def begin_next(self) -> bool:
        """Gives the next training to an idle worker; False if there is none that ends in time."""
        if not self._waiting:
            return False
        if self._stop is not None and not self._stop.allows_another:
            numbers = ", ".join(str(each.number) for each in self._waiting)
            self._waiting.clear()
            self._session.listener.note(
                f"the weights of trials {numbers} are gone, and no time is left to repeat their "
                "trainings; the same command does so when it goes on"
            )
            return False
        trial = self._waiting.popleft()
        self._running[trial.number] = trial
        self._session.listener.note(
            f"trial {trial.number} is shown, and its weights are gone: its training is repeated"
        )
        state = self._states.get(trial.number)
        seed = seed_of(self._record, trial)
        self._session.pool.begin(trial.number, trial.architecture, seed, state)
        return True

    def handle(self, number: int, answer: TrainingResult | FailedError) -> None:
        """Takes the answer of a worker."""
        if isinstance(answer, TrainingResult) and answer.diverged is None:
            if answer.weights is None:
                self._session.pool.advance(number)
                if answer.state is not None:
                    self._states[number] = answer.state
                return
            self._session.pool.release(number)
            self._keep(self._running.pop(number), answer)
            return
        self._session.pool.release(number)
        trial = self._running.pop(number)
        self._losses[number] += 1
        if isinstance(answer, LostError) and self._losses[number] <= self._session.retries:
            self._waiting.append(trial)
            return
        why = answer.diverged if isinstance(answer, TrainingResult) else answer
        self._session.listener.note(f"the training of trial {number} could not be repeated: {why}")

    def drop_late(self) -> None:
        """Ends what still runs when the time is over."""
        if self._stop is not None and self._stop.is_over:
            for number in self._running:
                self._session.pool.drop(number)
            self._running.clear()

    def _keep(self, trial: TrialRecord, answer: TrainingResult) -> None:
        """Writes the weights of a training; a test error of others does not count any more."""
        assert answer.rung is not None
        assert answer.weights is not None
        error, before = answer.rung.val_error, trial.val_error
        if before is not None and error != before:
            self._session.listener.note(
                f"trial {trial.number}: this training has an error of {100 * error:.2f} %, not "
                f"{100 * before:.2f} %, as on another machine or version, or on a GPU; its weights "
                "are kept, and tested"
            )
            with turn(self._session.study):
                tested = dict(self._session.study.user_attrs.get(TEST_ERRORS_KEY, {}))
                tested.pop(str(trial.number), None)
                self._session.study.set_user_attr(TEST_ERRORS_KEY, tested)
        Weights(self._session.path, self._record.objectives, timed_briefly=False).write(
            trial.number, answer.weights
        )
