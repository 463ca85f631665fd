"""The rows of a study file, read without Optuna and, where pages are damaged, one by one."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from optuna.distributions import distribution_to_json, json_to_distribution
from optuna.trial import FrozenTrial, TrialState

_MISSES = 1000  # rows that may be missing in a row where the number of rows is not known


@dataclass
class TrialRows:
    """What the tables hold of one trial; values that are no JSON are left out."""

    number: int | None = None
    state: str | None = None
    user_attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)
    params: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # stored value, distribution
    errors: dict[Any, Any] = field(default_factory=dict)  # by epoch
    value: Any = None


@dataclass
class StudyRows:
    """What the tables of a study hold.

    Attributes:
        attributes: Attributes of the study; values that are no JSON are left out.
        trials: Trials by their row's number.
        lost: What could not be read, in words.
    """

    attributes: dict[str, Any] = field(default_factory=dict)
    trials: dict[int, TrialRows] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


def read_rows(database: sqlite3.Connection) -> StudyRows:
    """Whatever can be read of a study.

    Args:
        database: Open study file, or a copy of one.

    Raises:
        DatabaseError: The first page, which names the tables, is damaged.
    """
    # A file that was cut off is shorter than its first page says, and refused without this.
    database.execute("PRAGMA writable_schema = ON")
    database.text_factory = lambda text: text.decode(errors="replace")
    database.execute("SELECT name FROM sqlite_master").fetchall()
    found = StudyRows()
    trials: dict[int, TrialRows] = defaultdict(TrialRows)
    for key, text in _rows(database, "study_user_attributes", "key, value_json", found.lost):
        with _noting(found.lost, f"study, {key}: not JSON"):
            found.attributes[key] = json.loads(text)
    for row, number, state in _rows(database, "trials", "trial_id, number, state", found.lost):
        trials[row].number, trials[row].state = number, state
    for kind in ("user", "system"):
        table = f"trial_{kind}_attributes"
        for row, key, text in _rows(database, table, "trial_id, key, value_json", found.lost):
            with _noting(found.lost, f"trial {row - 1}, {key}: not JSON"):
                getattr(trials[row], f"{kind}_attrs")[key] = json.loads(text)
    columns = "trial_id, param_name, param_value, distribution_json"
    for row, name, value, text in _rows(database, "trial_params", columns, found.lost):
        with _noting(found.lost, f"trial {row - 1}, {name}: no choices of a gene"):
            distribution = json_to_distribution(text)
            trials[row].params[name] = (distribution.to_external_repr(value), distribution)
    columns = "trial_id, step, intermediate_value"
    for row, step, value in _rows(database, "trial_intermediate_values", columns, found.lost):
        trials[row].errors[step] = value
    for row, value in _rows(database, "trial_values", "trial_id, value", found.lost):
        trials[row].value = value
    found.trials = {row: trials[row] for row in sorted(trials)}
    return found


def unreadable(database: sqlite3.Connection) -> str | None:
    """The first thing in a study that Optuna cannot read, in words; None if there is none.

    Args:
        database: Open study file.

    Raises:
        DatabaseError: The first page is damaged.
    """
    found = read_rows(database)
    if found.lost:
        return found.lost[0]
    numbers = set()
    for row, trial in found.trials.items():
        if type(trial.number) is not int or trial.number in numbers:
            return f"row {row} of the trials: its number is {trial.number!r}"
        if trial.state not in TrialState.__members__:
            return f"trial {trial.number}: its state is {trial.state!r}"
        numbers.add(trial.number)
    return None


def insert_trial(database: sqlite3.Connection, number: int, trial: FrozenTrial) -> None:
    """Writes a trial into the tables of a study, a thousand times as fast as Optuna does.

    Args:
        database: Open study file with one study, which Optuna has made.
        number: Number of the trial.
        trial: Trial with finite numbers.

    Raises:
        Error: The file cannot be written, or has a trial with this number.
    """
    row = number + 1
    moments = [each and str(each) for each in (trial.datetime_start, trial.datetime_complete)]
    database.execute(
        "INSERT INTO trials (trial_id, number, study_id, state, datetime_start, datetime_complete) "
        "SELECT ?, ?, study_id, ?, ?, ? FROM studies",
        (row, number, trial.state.name, *moments),
    )
    choices = trial.distributions
    for table, columns, rows in (
        ("trial_user_attributes", "key, value_json", _texts(trial.user_attrs)),
        ("trial_system_attributes", "key, value_json", _texts(trial.system_attrs)),
        (
            "trial_params",
            "param_name, param_value, distribution_json",
            [
                (name, choices[name].to_internal_repr(value), distribution_to_json(choices[name]))
                for name, value in trial.params.items()
            ],
        ),
        (
            "trial_intermediate_values",
            "step, intermediate_value, intermediate_value_type",
            [(step, value, "FINITE") for step, value in trial.intermediate_values.items()],
        ),
        (
            "trial_values",
            "objective, value, value_type",
            [] if trial.value is None else [(0, trial.value, "FINITE")],
        ),
    ):
        places = ", ?" * (columns.count(",") + 1)
        database.executemany(
            f"INSERT INTO {table} (trial_id, {columns}) VALUES ({row}{places})", rows
        )


def _texts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key, json.dumps(value)) for key, value in values.items()]


def _rows(
    database: sqlite3.Connection, table: str, columns: str, lost: list[str]
) -> Iterator[tuple[Any, ...]]:
    """The rows of a table, without those on damaged pages.

    Args:
        database: Open file.
        table: Name of the table.
        columns: Names of its columns, for SQL.
        lost: Receives a line if rows are missing.

    Yields:
        Values of the columns; a trial's row is a whole number.
    """
    last, whole = 0, True
    query = f"SELECT rowid, {columns} FROM {table}"
    try:
        for rowid, *values in database.execute(f"{query} ORDER BY rowid"):
            last = rowid
            if columns.startswith("key") or type(values[0]) is int:
                yield tuple(values)
    except sqlite3.DatabaseError as error:
        lost.append(f"{table}: {error}")
        whole = False
    misses = 0
    end = None if whole else _last_row(database, table)
    while not whole and (misses < _MISSES if end is None else last < end):
        last += 1
        misses += 1
        with suppress(sqlite3.DatabaseError):
            found = database.execute(f"{query} WHERE rowid = ?", (last,)).fetchone()
            if found is not None:
                misses = 0
                if columns.startswith("key") or type(found[1]) is int:
                    yield tuple(found[1:])


def _last_row(database: sqlite3.Connection, table: str) -> int | None:
    """The number of a table's last row; None if it cannot be read."""
    try:
        last = database.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0]
    except sqlite3.DatabaseError:
        return None
    return last if isinstance(last, int) else 0


@contextmanager
def _noting(lost: list[str], line: str) -> Iterator[None]:
    """Notes a line where a value cannot be parsed."""
    try:
        yield
    except (ValueError, LookupError, TypeError, RecursionError):
        lost.append(line)
