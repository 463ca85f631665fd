"""The file of finished trainings: an SQLite database, from which an interrupted run goes on."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from nas_tc.architecture import Architecture
from nas_tc.errors import StudyError, reason, shortened
from nas_tc.study.comparison import training_difference
from nas_tc.study.files import locked
from nas_tc.study.schema import Share
from nas_tc.study.sole_writer import sole_writer
from nas_tc.training import Rung

_FORMAT = 1  # version of the file; raised when older versions of nas-tc cannot read it
_TABLES = """
CREATE TABLE IF NOT EXISTS settings (value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS runs (value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS trainings (
    network TEXT NOT NULL,       -- id of the architecture
    seed INTEGER NOT NULL,
    architecture TEXT NOT NULL,  -- JSON
    rungs TEXT NOT NULL,         -- JSON
    test_error REAL,             -- 0 to 1; nothing if the training failed
    failure TEXT,
    PRIMARY KEY (network, seed)
);
"""


@dataclass(frozen=True)
class Finished:
    """A training that has ended.

    Attributes:
        rungs: Errors and times after the recipe's rungs; empty if the training failed.
        test_error: Error on the test images, 0 to 1; None if the training failed.
        failure: Reason why it failed; None if it did not.
    """

    rungs: tuple[Rung, ...] = ()
    test_error: float | None = None
    failure: str | None = None


class TrainingsFile:
    """The open file; `open_trainings` makes it."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._database = database
        self.path = path

    def finished(self) -> dict[tuple[str, int], Finished]:
        """All trainings, by the network's id and the seed."""
        with _telling(self.path):
            rows = self._database.execute(
                "SELECT network, seed, rungs, test_error, failure FROM trainings"
            ).fetchall()
        with self._checking():
            return {(network, seed): _finished(*values) for network, seed, *values in rows}

    def add(self, network: Architecture, seed: int, training: Finished) -> None:
        """Writes a training that has ended; it is on the disk when this returns."""
        rungs = json.dumps([asdict(each) for each in training.rungs])
        values = (network.id, seed, network.to_json(), rungs, training.test_error, training.failure)
        with _telling(self.path), self._database:
            self._database.execute("REPLACE INTO trainings VALUES (?, ?, ?, ?, ?, ?)", values)

    def add_run(self, run: Mapping[str, Any]) -> None:
        """Writes the command and the environment of a run."""
        with _telling(self.path), self._database:
            self._database.execute("INSERT INTO runs VALUES (?)", (json.dumps(run),))

    def runs(self) -> list[dict[str, Any]]:
        """All runs, the first one first."""
        with _telling(self.path):
            rows = self._database.execute("SELECT value FROM runs ORDER BY rowid").fetchall()
        with self._checking():
            return [msgspec.convert(json.loads(value), dict[str, Any]) for (value,) in rows]

    @contextmanager
    def _checking(self) -> Iterator[None]:
        """Turns what is raised for rows that somebody has edited into one line for the user."""
        try:
            yield
        except (ValueError, TypeError, RecursionError) as error:
            raise _damaged(self.path, error) from None


def _finished(rungs: str, test_error: Any, failure: Any) -> Finished:
    """A training from its row; what a later version adds to a rung is left out."""
    known = msgspec.convert(json.loads(rungs), list[Rung])
    if failure is None and not known:
        raise ValueError("a training without rungs")
    return Finished(
        tuple(known),
        msgspec.convert(test_error, Share if failure is None else Share | None),
        msgspec.convert(failure, str | None),
    )


def _damaged(path: Path, error: Exception) -> StudyError:
    return StudyError(
        f"{path}: the file of trainings is damaged ({shortened(reason(error))}); take a copy of it "
        "from before, or choose another folder with --out"
    )


@contextmanager
def open_trainings(path: Path, settings: Mapping[str, Any]) -> Iterator[TrainingsFile]:
    """The file at `path`, new or of an earlier run, locked until the context ends.

    Args:
        path: Path of the file.
        settings: Images and recipe, on which errors depend: those of the file must be the same.

    Yields:
        The open file.

    Raises:
        StudyError: The file is in use, is not such a file, cannot be written, or has trainings on
            other images or by another recipe.
    """
    busy = (
        "another experiment is writing this file; wait for it, stop it, or choose another folder "
        "with --out"
    )
    with (
        sole_writer(path, busy, lambda error: _unwritable(path, error)),
        _telling(path),
        closing(sqlite3.connect(path)) as database,
    ):
        database.executescript(_TABLES)
        _check_settings(database, path, dict(settings))
        yield TrainingsFile(database, path)


def _unwritable(path: Path, error: OSError) -> str:
    return f"cannot write {path}: {reason(error)}; choose another folder with --out"


def _check_settings(database: sqlite3.Connection, path: Path, settings: dict[str, Any]) -> None:
    row = database.execute("SELECT value FROM settings").fetchone()
    if row is None:
        with database:
            values = json.dumps({"format": _FORMAT, **settings})
            database.execute("INSERT INTO settings VALUES (?)", (values,))
        return
    try:
        kept = msgspec.convert(json.loads(row[0]), dict[str, Any])
        if kept["format"] > _FORMAT:
            raise StudyError(f"{path}: made by a newer nas-tc; update nas-tc to use it")
        changed = training_difference(kept, settings)
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, StudyError):
            raise
        raise _damaged(path, error) from None
    if changed:
        raise StudyError(
            f"{path} has trainings that cannot be compared with these ({changed}); use its "
            "settings, or choose another folder with --out"
        )


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Turns errors of the database into one line for the user."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise locked(path, str(error)) from None
        raise StudyError(
            f"cannot write {path}: {error}; make room or choose another folder with --out, and "
            "run the same command again: finished trainings are kept"
        ) from None
    except sqlite3.DatabaseError as error:
        raise StudyError(
            f"{path}: not a file of trainings, or damaged ({error}); choose another folder with "
            "--out"
        ) from None
