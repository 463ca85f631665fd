"""The stages of a search: all trainings, and then times, tests and reruns of its front."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import inf

import optuna
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import SQLAlchemyError

from nas_tc.errors import NasTcError
from nas_tc.latency import TimeTable
from nas_tc.search.baselines import Baselines, queue_baselines
from nas_tc.search.driver import Driver
from nas_tc.search.front_errors import measure_front
from nas_tc.search.front_times import report_timing, time_front
from nas_tc.search.lost_weights import restore_weights
from nas_tc.search.reruns import rerun_front
from nas_tc.search.session import Session
from nas_tc.search.settings import Settings
from nas_tc.search.stop_time import StopTime
from nas_tc.search.table_choice import open_time_judge
from nas_tc.study.storage import requeue_running

DEFAULT_TRIALS = 40


def train_and_measure(
    session: Session,
    settings: Settings,
    table: TimeTable | None,
    families: Baselines,
    trials: int | None,
    reruns: int,
    stop: StopTime | None,
) -> None:
    """Trains the networks, and then times, tests and trains again the front.

    Args:
        session: Study, workers and listener.
        settings: Settings of the search.
        table: Table that predicts times, if one was named.
        families: Known networks to train beside the trials.
        trials: Number of trials in all; None: as many as fit.
        reruns: Number of trainings of each network of the front that follow.
        stop: Time at which the search has to end; None: no limit.

    Raises:
        KeyboardInterrupt: The user pressed Ctrl-C.
    """
    started = time.monotonic()
    left = (trials or DEFAULT_TRIALS) - session.record().done
    left_s = inf if stop is None else stop.left_s
    with open_time_judge(settings, table, session, left, left_s) as judge:
        if judge is not None:
            queue_baselines(session.study, settings, families, session.listener, judge)
        if stop is not None:  # which new networks will use up
            restore_weights(session, stop)
        Driver(session, settings, trials, judge, stop, reruns).run()
        time_front(session, judge, time.monotonic() - started)
        report_timing(session, judge, time.monotonic() - started)
        restore_weights(session, stop)
        measure_front(session)
        rerun_front(session, reruns, stop)


@contextmanager
def requeueing(study: optuna.Study) -> Iterator[None]:
    """Queues what is in flight again where a search ends with an error.

    Args:
        study: Open study.

    Raises:
        NasTcError: The error.
        OSError: The same, such as standard output that takes no more.
    """
    try:
        yield
    except (NasTcError, OSError):
        with suppress(SQLAlchemyError, StorageInternalError):  # such as a full disk
            requeue_running(study)
        raise
