"""Chooses the table of layer times of a search: the one that is given, or this device's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from nas_tc.budget import Budget
from nas_tc.data.cache import cache_folder
from nas_tc.errors import BudgetError, DeviceError
from nas_tc.latency import TimeTable, default_table
from nas_tc.search.session import Session
from nas_tc.search.settings import Settings
from nas_tc.search.time_feasibility import check_feasible
from nas_tc.search.time_judge import TimeJudge
from nas_tc.timing import one_thread


def given_table(path: str | Path | None, budget: Budget) -> TimeTable | None:
    """The table that predicts times, if a file is given.

    Args:
        path: File of the table; None: none is given.
        budget: Budget of the search.

    Raises:
        TableError: The table cannot be read.
        BudgetError: The budget limits no time.
    """
    if path is None:
        return None
    if not budget.times:
        raise BudgetError(
            f"--time-table: the budget {str(budget)!r} limits no time; write one such as "
            "'latency<=2.5ms'"
        )
    return TimeTable.read(Path(path))


def search_device(name: str) -> str:
    """Where a search on device `name` measures times: "cuda" or "cpu"."""
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"


@contextmanager
def open_time_judge(
    settings: Settings, given: TimeTable | None, session: Session
) -> Iterator[TimeJudge | None]:
    """The search's judge of times, whose table is written in the end.

    Args:
        settings: Settings of the search.
        given: Table from `given_table`, which then decides alone; None: this device's own table,
            and candidates are measured.
        session: Study, workers and listener.

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
            table = TimeTable.here(device)
        if folder := cache_folder():
            path = default_table(folder, table.machine)
            table = TimeTable.read(path) if path.exists() else table
        judge = TimeJudge(
            settings.times,
            table,
            path,
            measures=True,
            workers=session.pool.size,
            note=session.listener.note,
        )
    message = check_feasible(judge, session.pool, settings.space, session.interrupts.check)
    session.listener.note(message)
    try:
        yield judge
    finally:
        judge.save()
