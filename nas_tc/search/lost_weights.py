"""Weights of the front that are gone: their networks are trained again as they were."""

from collections import deque

from nas_tc.search.as_searched import seed_of
from nas_tc.search.jobs import run_jobs
from nas_tc.search.pool import FailedError, LostError
from nas_tc.search.session import Session
from nas_tc.search.stop_time import StopTime
from nas_tc.study.files import weights_file
from nas_tc.study.record import StudyRecord
from nas_tc.study.trial import TrialRecord
from nas_tc.study.weights import Weights
from nas_tc.worker import TrainingResult


def without_weights(record: StudyRecord) -> list[TrialRecord]:
    """Members of the front and baselines that have no file of weights."""
    return [each for each in record.shown if not weights_file(record.path, each.number).is_file()]


def restore_weights(session: Session, stop: StopTime | None = None) -> None:
    """Trains members of the front and baselines again whose weights are gone.

    A study keeps weights near the front. Each further training of a network may raise its mean
    error, and after several such looks a network joins the front that was far from it. A training
    has the seed that it had, so on the same machine its result is the same.

    Args:
        session: Study, workers and listener.
        stop: Time at which the search has to end; None: no limit.

    Raises:
        KeyboardInterrupt: The user pressed Ctrl-C.
        StudyError: Weights cannot be written.
    """
    record = session.record()
    waiting = deque(without_weights(record))
    trials = {each.number: each for each in waiting}
    weights = Weights(session.path, record.objectives, timed_briefly=False)
    lost: set[int] = set()  # trials whose worker died once

    def begin_next() -> bool:
        if not waiting or (stop is not None and not stop.allows_another):
            return False
        trial = waiting.popleft()
        session.listener.note(
            f"trial {trial.number} is shown, and its weights are gone: its training is repeated"
        )
        session.pool.begin(trial.number, trial.architecture, seed_of(record, trial))
        return True

    def handle(number: int, answer: TrainingResult | FailedError) -> None:
        if isinstance(answer, TrainingResult) and answer.diverged is None:
            if answer.weights is None:
                session.pool.advance(number)
                return
            session.pool.release(number)
            weights.write(number, answer.weights)
            _compare(session, trials[number], answer)
            return
        session.pool.release(number)
        if isinstance(answer, LostError) and number not in lost:
            lost.add(number)
            waiting.append(trials[number])
            return
        why = answer.diverged if isinstance(answer, TrainingResult) else answer
        session.listener.note(f"the training of trial {number} could not be repeated: {why}")

    run_jobs(session.pool, session.check, begin_next, handle)


def _compare(session: Session, trial: TrialRecord, answer: TrainingResult) -> None:
    """Tells where the repeated training has another error."""
    assert answer.rung is not None
    error = answer.rung.val_error
    if error != trial.val_error and trial.val_error is not None:
        session.listener.note(
            f"trial {trial.number}: its error is {100 * error:.2f} % now, and was "
            f"{100 * trial.val_error:.2f} %, as on another machine or version, or on a GPU"
        )
