"""Saves what is whole in a damaged study into a new one."""

import csv
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.trial import FrozenTrial, TrialState, create_trial

from nas_tc._files import whole_file
from nas_tc.architecture import Architecture, format_notation
from nas_tc.errors import NasTcError, StudyError, reason, shortened
from nas_tc.study.attributes import ARCHITECTURE_KEY, SETTINGS_KEY
from nas_tc.study.checks import DamageError, check_settings
from nas_tc.study.files import check_path, no_study, study_folder, study_url, weights_folder
from nas_tc.study.record import StudyRecord, read_study
from nas_tc.study.rows import StudyRows, insert_trial, read_rows
from nas_tc.study.storage import free_path, requeue_running
from nas_tc.study.study_url import STUDY_NAME, StudyUrl, study_path
from nas_tc.study.whole import whole_attributes, whole_trials


@dataclass(frozen=True)
class Rescued:
    """What was saved.

    Attributes:
        record: The new study; None if the settings are lost, without which there is none.
        path: Path of the new study, or of a table of networks.
        lost: Numbers of the trials that are lost.
        dropped: What else is lost, a line each.
        trials: Number of trials that are saved.
    """

    record: StudyRecord | None
    path: Path
    lost: tuple[int, ...]
    dropped: tuple[str, ...]
    trials: int


def rescue_study(path: Path, out: Path | None = None) -> Rescued | None:
    """Saves what is whole in a study; the study itself stays as it is.

    Trials keep their numbers: a failed trial without a network takes the place of a lost one.

    Args:
        path: Path of the study file.
        out: Path of the new study; None: beside the old one.

    Returns:
        What was saved; None if nothing is damaged.

    Raises:
        StudyError: There is no such file, it is no study, nothing can be read, or the new study
            cannot be written.
    """
    if isinstance(study_path(path), StudyUrl):
        raise StudyError(f"{study_path(path)} is on a server; save it with pg_dump")
    check_path(path)
    if out is not None and out.exists():
        raise StudyError(f"{out} is there already; choose another path with --out")
    with suppress(StudyError):
        read_study(path)
        return None
    rows = _rows_of(path)
    try:
        settings = check_settings(rows.attributes.get(SETTINGS_KEY))
    except DamageError as error:
        return _saved_table(path, out, rows, f"the settings are lost ({shortened(str(error))})")
    target = out or free_path(path.with_name(f"{path.stem}-saved{path.suffix}"))
    dropped = list(rows.lost)
    trials = whole_trials(rows, settings, dropped)
    classes = len(settings["data"]["classes"])
    attributes = whole_attributes(rows.attributes, len(trials), classes, dropped)
    try:
        with whole_file(target, synced=True) as partial:
            _write(partial, {**attributes, SETTINGS_KEY: settings}, trials)
        _copy_weights(path, target)
    except OSError as error:
        raise StudyError(
            f"cannot write {target}: {reason(error)}; make room, or choose another path with --out"
        ) from None
    lost = tuple(number for number, trial in enumerate(trials) if trial is None)
    return Rescued(read_study(target), target, lost, tuple(dropped), len(trials) - len(lost))


def _rows_of(path: Path) -> StudyRows:
    """The rows of a copy of the study, so that SQLite changes nothing in the study itself.

    Args:
        path: Path of the study file.

    Raises:
        StudyError: There is no such file, or nothing of it can be read.
    """
    if not path.is_file():
        raise no_study(path)
    try:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "copy.db"
            for end in ("", "-wal", "-journal"):
                with suppress(FileNotFoundError):
                    shutil.copyfile(f"{path}{end}", f"{copy}{end}")
            with closing(sqlite3.connect(copy)) as database:
                return read_rows(database)
    except sqlite3.DatabaseError as error:
        raise StudyError(
            f"{path}: nothing of it can be read ({error}); take a copy of it from before; weights, "
            f"if there are any, are in {weights_folder(path)}"
        ) from None
    except OSError as error:
        raise StudyError(f"cannot read the study {path}: {reason(error)}") from None


def _write(path: Path, attributes: Mapping[str, Any], trials: Sequence[FrozenTrial | None]) -> None:
    """Writes a study file; a failed trial without a network takes the place of a lost one."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        storage = optuna.storages.RDBStorage(study_url(path))
        study = optuna.create_study(storage=storage, study_name=STUDY_NAME)
        for key, value in attributes.items():
            study.set_user_attr(key, value)
        with closing(sqlite3.connect(path)) as database, database:
            for number, trial in enumerate(trials):
                insert_trial(database, number, trial or create_trial(state=TrialState.FAIL))
        requeue_running(study)
        storage.engine.dispose()
    except (sqlalchemy.exc.SQLAlchemyError, StorageInternalError, sqlite3.Error) as error:
        raise OSError(str(getattr(error, "orig", error))) from None


def _copy_weights(path: Path, target: Path) -> None:
    """Copies the weights that lie beside a study to where a study at `target` has them."""
    if study_folder(path) == study_folder(target):
        return
    for file in sorted(weights_folder(path).glob("trial-*.safetensors")):
        with whole_file(weights_folder(target) / file.name) as partial:
            shutil.copyfile(file, partial)


def _saved_table(path: Path, out: Path | None, rows: StudyRows, problem: str) -> Rescued:
    """Writes a table of the networks and their errors, where no study can be made.

    Args:
        path: Path of the study file.
        out: Path of the table; None: beside the study.
        rows: Rows of the study.
        problem: Why no study can be made.

    Raises:
        StudyError: There is no network left, or the table cannot be written.
    """
    table = []
    for row, trial in rows.trials.items():
        with suppress(NasTcError, TypeError, ValueError):
            network = Architecture.from_dict(trial.user_attrs[ARCHITECTURE_KEY])
            error = trial.errors[max(trial.errors)] if trial.errors else ""
            table.append((row - 1, trial.state, format_notation(network.stages), error))
    if not table:
        raise StudyError(f"{path}: {problem}, and no network is left; take a copy from before")
    target = out or free_path(path.with_name(f"{path.stem}-saved.csv"))
    try:
        with whole_file(target) as partial, partial.open("w", newline="") as file:
            csv.writer(file).writerows([("trial", "state", "network", "val_error"), *table])
    except OSError as error:
        raise StudyError(f"cannot write {target}: {reason(error)}") from None
    return Rescued(None, target, (), (problem, *rows.lost), len(table))
