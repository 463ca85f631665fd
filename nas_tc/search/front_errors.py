"""Tests of the front and of the baselines, each made once in a study's life."""

from nas_tc.metric import AnyConfusion
from nas_tc.search.jobs import run_jobs
from nas_tc.search.pool import FailedError, LostError
from nas_tc.search.session import Session
from nas_tc.study.attributes import TEST_ERRORS_KEY, confusion_key
from nas_tc.study.files import weights_file
from nas_tc.study.record import StudyRecord
from nas_tc.study.study_storage import turn
from nas_tc.study.trial import TrialRecord
from nas_tc.study.weights import Weights


def untested(record: StudyRecord) -> list[TrialRecord]:
    """Networks of the front and baselines whose test errors are not known yet."""
    return [trial for trial in record.shown if trial.test_error is None]


def measure_front(session: Session) -> None:
    """Measures the test errors of the front and of the baselines; drops weights far from both.

    A network whose worker died is tested once more with a new worker.

    Args:
        session: Study, workers and listener.

    Raises:
        KeyboardInterrupt: The user pressed Ctrl-C.
    """
    study, pool, listener = session.study, session.pool, session.listener
    tested = dict(study.user_attrs.get(TEST_ERRORS_KEY, {}))
    record = session.record()  # with the careful times of the front
    Weights(session.path, record.objectives, timed_briefly=False).drop(record.trained)
    waiting = untested(record)
    trials = {trial.number: trial for trial in waiting}
    lost: set[int] = set()  # trials whose worker died once

    def begin_next() -> bool:
        while waiting:
            trial = waiting.pop()
            file = weights_file(session.path, trial.number)
            if file.exists():
                pool.test(trial.number, trial.architecture, file.read_bytes())
                return True
            listener.note(f"trial {trial.number} cannot be tested: {file} is missing")
        return False

    def handle(number: int, answer: AnyConfusion | FailedError) -> None:
        pool.release(number)
        if isinstance(answer, LostError) and number not in lost:
            lost.add(number)
            waiting.append(trials[number])
        elif isinstance(answer, FailedError):
            listener.note(f"trial {number} could not be tested: {answer}")
        else:
            # The matrix first: a trial with an error is not tested again.
            study.set_user_attr(confusion_key(number), answer.to_dict())
            tested[str(number)] = pool.metric.of(answer)
            with turn(study):  # another driver may have tested others
                known = study.user_attrs.get(TEST_ERRORS_KEY, {})
                study.set_user_attr(TEST_ERRORS_KEY, {**known, **tested})

    run_jobs(pool, session.check, begin_next, handle)
