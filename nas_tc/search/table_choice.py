"""Which table of layer times a search has: the one it was given, or this device's own."""

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
from nas_tc.search.timekeeper import Timekeeper
from nas_tc.timing import one_thread


def foreign_table(path: str | Path | None, budget: Budget) -> TimeTable | None:
    """The table that is to foretell times, if one is given.

    Raises:
        TableError: it cannot be read.
        BudgetError: the budget limits no time.
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
def keeping_time(
    settings: Settings, foreign: TimeTable | None, session: Session
) -> Iterator[Timekeeper | None]:
    """The search's timekeeper, whose table is kept in the end; None if no time is limited.

    Raises:
        BudgetError: nothing can be quick enough.
        DeviceError: the workers have GPUs, and this machine has none.
        TableError: the device's table is damaged.
    """
    if not settings.times:
        yield None
        return
    path = None
    if foreign is not None:
        keeper = Timekeeper(settings.times, foreign, None, measures=False)
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
        keeper = Timekeeper(
            settings.times,
            table,
            path,
            measures=True,
            workers=session.pool.size,
            note=session.listener.note,
        )
    prepared = keeper.prepare(session.pool, settings.space, session.check)
    session.listener.note(prepared)
    try:
        yield keeper
    finally:
        keeper.save()
