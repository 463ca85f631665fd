"""The test errors of the front's networks, each measured once in the life of a study."""

from pathlib import Path

import optuna

from nas_tc.search.events import Listener
from nas_tc.search.interrupt import Interrupts
from nas_tc.search.pool import FailedError, Pool
from nas_tc.search.records import TEST_ERRORS_KEY, record_of
from nas_tc.search.study_files import weights_file
from nas_tc.search.weights import Weights

_TICK_S = 1.0


def measure_front(
    study: optuna.Study, path: Path, pool: Pool, listener: Listener, interrupts: Interrupts
) -> None:
    """Measures the test error of the front's networks, and drops the weights far from the front.

    Raises:
        KeyboardInterrupt: from `interrupts`.
    """
    tested = dict(study.user_attrs.get(TEST_ERRORS_KEY, {}))
    record = record_of(study, path)  # as it is timed in the end
    Weights(path, record.objectives, timed_briefly=False).drop(record.complete)
    waiting = [trial for trial in record.front if str(trial.number) not in tested]
    running = 0
    while waiting or running:
        interrupts.check()
        while waiting and pool.idle:
            trial = waiting.pop()
            file = weights_file(path, trial.number)
            if not file.exists():
                listener.note(f"trial {trial.number} cannot be tested: {file} is missing")
                continue
            pool.test(trial.number, trial.architecture, file.read_bytes())
            running += 1
        if running and (answer := pool.next_result(_TICK_S)):
            number, error = answer
            pool.release(number)
            running -= 1
            if isinstance(error, FailedError):
                listener.note(f"trial {number} could not be tested: {error}")
            else:
                tested[str(number)] = error
                study.set_user_attr(TEST_ERRORS_KEY, tested)
