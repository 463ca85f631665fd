"""Which table of layer times a search has: the one it was given, or this device's own."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from nas_tc.errors import DeviceError
from nas_tc.latency import TimeTable, find_table, own_table_path
from nas_tc.search.session import Session
from nas_tc.search.settings import Settings
from nas_tc.search.timekeeper import Timekeeper
from nas_tc.timing import one_thread, timing_machine


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
            machine = timing_machine(device)
        path = own_table_path(machine)
        table = find_table(None, machine) or TimeTable(machine)
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
