"""Rows of trials that wait in memory until they are written in one transaction."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy
from optuna.trial import FrozenTrial
from sqlalchemy.dialects import postgresql, sqlite

from nas_tc.study.trial_rows import ERRORS, SYSTEM, TRIALS, USER, VALUES, Row, utc

# What a second row of a table would be the same as, where values may be written again.
_KEYS = {
    USER: ("trial_id", "key"),
    SYSTEM: ("trial_id", "key"),
    ERRORS: ("trial_id", "step"),
    VALUES: ("trial_id", "objective"),
}
_DIALECTS: dict[str, Any] = {"sqlite": sqlite, "postgresql": postgresql}
_END = (
    TRIALS.update()
    .where(TRIALS.c.trial_id == sqlalchemy.bindparam("row"))
    .values(
        state=sqlalchemy.bindparam("new_state"),
        datetime_start=sqlalchemy.bindparam("begun"),
        datetime_complete=sqlalchemy.bindparam("ended"),
    )
)


class UnwrittenRows:
    """Rows that belong together; a later one replaces an earlier one with the same key."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, Row]] = []  # behind their tables
        self._ends: list[Row] = []  # of the trials' own rows

    def __bool__(self) -> bool:
        return bool(self._rows or self._ends)

    def add(self, table: Any, row: Row) -> None:
        """Adds a row of a table beside that of the trials."""
        self._rows.append((table, row))

    def end(self, trial: FrozenTrial) -> None:
        """Adds a new state of a trial, and the times at which it began and ended."""
        self._ends.append(
            {
                "row": trial._trial_id,
                "new_state": trial.state,
                "begun": utc(trial.datetime_start),
                "ended": utc(trial.datetime_complete),
            }
        )

    def write(self, connection: sqlalchemy.Connection) -> None:
        """Writes all rows; `clear` forgets them, once the transaction is done."""
        for table, rows in _by_table(self._rows).items():
            connection.execute(_insert(connection.dialect.name, table), rows)
        if self._ends:
            connection.execute(_END, self._ends)

    def clear(self) -> None:
        """Forgets all rows."""
        self._rows, self._ends = [], []


@cache
def _insert(dialect: str, table: Any) -> Any:
    """The statement that inserts rows of a table, or replaces them."""
    keys = _KEYS.get(table)
    if keys is None:
        return table.insert()
    insert = _DIALECTS[dialect].insert(table)
    changed = {c.name: insert.excluded[c.name] for c in table.c if not c.primary_key}
    for key in keys:
        del changed[key]
    return insert.on_conflict_do_update(index_elements=keys, set_=changed)


def _by_table(rows: Sequence[tuple[Any, Row]]) -> dict[Any, list[Row]]:
    """Rows by their table, of several with one key the last."""
    found: dict[Any, dict[tuple[Any, ...], Row]] = {}
    for table, row in rows:
        keys = _KEYS.get(table, tuple(row))
        found.setdefault(table, {})[tuple(row[key] for key in keys)] = row
    return {table: list(each.values()) for table, each in found.items()}
