"""Which table of layer times counts: the one that was named, or this device's own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nas_tc.budget import Budget
from nas_tc.data.cache import cache_folder
from nas_tc.errors import BudgetError
from nas_tc.latency.time_table import TimeTable, default_table


def own_table_path(machine: Mapping[str, Any]) -> Path | None:
    """The place of a machine's own table; None where the cache is off.

    Args:
        machine: From `timing_machine`.
    """
    cache = cache_folder()
    return None if cache is None else default_table(cache, machine)


def find_table(file: Path | None, machine: Mapping[str, Any]) -> TimeTable | None:
    """The table that was named, or else the machine's own; None if there is none.

    Args:
        file: That the user named; None: None was named.
        machine: From `timing_machine`.

    Raises:
        TableError: A table that cannot be read, or a named one that is not there.
    """
    if file is not None:
        return TimeTable.read(file)
    own = own_table_path(machine)
    return TimeTable.read(own) if own is not None and own.exists() else None


def named_table(file: str | Path | None, budget: Budget) -> TimeTable | None:
    """The table that was named to predict the times of a budget with; None if none was.

    Args:
        file: File of the table; None: none is named.
        budget: Budget of the search.

    Raises:
        TableError: It cannot be read.
        BudgetError: The budget limits no time.
    """
    if file is None:
        return None
    if not budget.times:
        raise BudgetError(
            f"--time-table: the budget {str(budget)!r} limits no time; write one such as "
            "'latency<=2.5ms'"
        )
    return TimeTable.read(Path(file))
