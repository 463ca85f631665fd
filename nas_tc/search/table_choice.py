"""Opens the table of layer times for a search: one given by the user, or this device's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

import torch

from nas_tc.errors import DeviceError
from nas_tc.latency import TimeTable, find_table, own_table_path
from nas_tc.search.session import Session
from nas_tc.search.settings import Settings
from nas_tc.search.time_calibration import (
    calibrate_times,
    expected_search_s,
    settle_admission,
)
from nas_tc.search.time_feasibility import check_feasible
from nas_tc.search.time_judge import TimeJudge
from nas_tc.timing import one_thread, timing_machine


def search_device(name: str) -> str:
    """Device that a search measures times on, "cuda" or "cpu".

    Args:
        name: Value of `--device`: "auto", "cpu" or "cuda".
    """
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"


@contextmanager
def open_time_judge(
    settings: Settings,
    given: TimeTable | None,
    session: Session,
    trials: int,
    left_s: float = inf,
) -> Iterator[TimeJudge | None]:
    """The object that compares networks' times with the limits; its table is saved at the end.

    Args:
        settings: Settings of the search.
        given: Table given by the user, which then predicts all times. None: candidates are
            measured, and added to this device's own table.
        session: Study, workers and listener.
        trials: Networks that are still to be trained.
        left_s: Seconds after which the search ends at the latest.

    Yields:
        The judge; None if the budget limits no time.

    Raises:
        BudgetError: Not even the cheapest network is quick enough.
        DeviceError: The workers have GPUs, and this machine has none.
        TableError: The device's table is damaged.
    """
    if not settings.times:
        yield None
        return
    path = None
    if given is not None:
        judge = TimeJudge(settings.times, given, None, measures=False)
    else:
        device = torch.device(session.pool.device)
        if device.type == "cuda" and not torch.cuda.is_available():
            raise DeviceError(
                "times are to be measured on GPUs of the cluster, but torch sees none on this "
                "machine; start the search on a node with such a GPU, or give its --time-table"
            )
        with one_thread():
            machine = timing_machine(device)
        path = own_table_path(machine)
        table = find_table(None, machine) or TimeTable(machine)
        judge = TimeJudge(
            settings.times,
            table,
            path,
            measures=True,
            workers=session.pool.size,
            note=session.listener.note,
        )
    message = check_feasible(judge, session.pool, settings.space, session.check)
    session.listener.note(message)
    if judge.measures:
        limits_ms = {each.name: each.most * (judge.unit_ms(each) or 0.0) for each in judge.limits}
        calibrate_times(
            judge,
            session.pool,
            settings.space,
            min(expected_search_s(settings, trials, session.pool.size, limits_ms), left_s),
            note=session.listener.note,
            check=session.check,
        )
        settle_admission(judge, settings.space)
    try:
        yield judge
    finally:
        judge.save()
