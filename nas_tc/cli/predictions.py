"""A budget's limits on times by a table of layer times, and the command that makes one."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nas_tc.budget import Bound, Limit
from nas_tc.cli.console import shape_text
from nas_tc.cost.measures import MEASURES
from nas_tc.errors import DeviceError
from nas_tc.space import Space

if TYPE_CHECKING:
    from nas_tc.latency import PredictedLimit, TimeTable


def tables_of(limit: Limit, file: Path | None) -> "tuple[TimeTable, ...]":
    """The table for each limit on a time; none at all where one of them has none.

    Args:
        limit: of a budget.
        file: of the table; None: this device's own, if there is one.

    Raises:
        BudgetError: a table is given, and the budget limits no time.
        TableError: a table that cannot be read.
    """
    if file is not None:
        from nas_tc.latency import named_table  # noqa: PLC0415 - torch takes seconds

        table = named_table(file, limit.budget)
        return () if table is None else (table,) * len(limit.times)
    if not limit.times or not _any_table():
        return ()
    found = [_own_table(_device_of(bound)) for bound in limit.times]
    return tuple(table for table in found if table) if all(found) else ()


def predicted_times(
    limit: Limit, space: Space, tables: "Sequence[TimeTable]"
) -> "tuple[PredictedLimit, ...]":
    """The limits on times as their tables see them.

    Args:
        limit: Budget, resolved at the size of the images.
        space: Space to sample.
        tables: Table for each limit on a time.

    Raises:
        BudgetError: a limit that cannot be.
        TableError: a table lacks the setting or the reference.
    """
    if not tables:
        return ()
    from nas_tc.latency import PredictedLimit  # noqa: PLC0415
    from nas_tc.timing import time_limits  # noqa: PLC0415

    limits = time_limits(limit.times, space.input, space.classes, None)
    return tuple(map(PredictedLimit.by, tables, limits, limit.times))


def calibration(space_name: str, space: Space, bound: Bound, file: Path | None) -> str:
    """The command that makes the table for a limit, or adds to it."""
    words = ["nas-tc", "calibrate", "--space", space_name, "--input", shape_text(space.input)]
    words += ["--classes", str(space.classes)]
    words += ["--batch", str(bound.batch)] if bound.batch > 1 else []
    measure = MEASURES[bound.measure]
    words += ["--training"] if measure.timed_pass == "train_step" else []
    words += ["--eager"] if measure.is_eager else []
    reference = bound.most.reference
    words += ["--reference", reference.name] if reference and reference.side is None else []
    words += ["--runtime", bound.runtime] if bound.runtime != "torch" else []
    words += ["--dtype", bound.dtype] if bound.dtype != "fp32" else []
    device = _device_of(bound)
    words += ["--device", device] if device else []
    words += ["--out", str(file)] if file else []
    return shlex.join(words)


def _device_of(bound: Bound) -> str | None:
    """The device that a limit names, or that its measure is of; None if any will do."""
    return bound.device or ("cuda" if MEASURES[bound.measure].is_eager else None)


def _any_table() -> bool:
    """Whether there can be a table of this device; quick, where loading torch is not."""
    from nas_tc.data.cache import cache_folder  # noqa: PLC0415

    cache = cache_folder()
    return cache is not None and any((cache / "times").glob("*.json"))


def _own_table(name: str | None) -> "TimeTable | None":
    """The table of this machine's processor or GPU; None if there is none."""
    from nas_tc.latency import find_table  # noqa: PLC0415
    from nas_tc.timing import one_thread, timing_machine  # noqa: PLC0415
    from nas_tc.training import choose_device  # noqa: PLC0415

    try:
        device = choose_device(name or "auto")
    except DeviceError:  # a limit for a GPU that is elsewhere
        return None
    with one_thread():
        return find_table(None, timing_machine(device))
