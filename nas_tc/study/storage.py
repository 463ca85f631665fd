"""Opens, locks and rescues the study file, an SQLite database that one search at a time writes."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from nas_tc.errors import StudyError
from nas_tc.space import genes_of
from nas_tc.study.attributes import (
    ARCHITECTURE_KEY,
    BASELINE_KEY,
    DRIVER_KEY,
    LOSSES_KEY,
    OUT_OF_SPACE_KEY,
    RUNG_KEY,
    SETTINGS_KEY,
    WEIGHTS_KEY,
)
from nas_tc.study.comparison import difference
from nas_tc.study.files import (
    check_path,
    kept_settings,
    locked,
    root_cause,
    study_folder,
    study_url,
)
from nas_tc.study.journal import keep_whole, note_journal
from nas_tc.study.record import read_study
from nas_tc.study.remote_folder import check_place, place_for_all
from nas_tc.study.server import Drivers, asking_server, server_backend
from nas_tc.study.sole_writer import sole_writer
from nas_tc.study.study_storage import StudyStorage, batch, turn
from nas_tc.study.study_url import STUDY_NAME, StudyUrl


@contextmanager
def open_study(
    path: Path, settings: dict[str, Any], note: Callable[[str], None] = lambda _: None
) -> Iterator[optuna.Study]:
    """The study at `path`, new or resumed; call it under `lock_study`.

    Trials that a killed search left running are queued again.

    Args:
        path: Path of the SQLite file.
        settings: Settings from `Settings.to_dict`; those of a resumed study must be the same.
        note: Receives a line where the file system refuses a write-ahead log.

    Yields:
        The open study.

    Raises:
        StudyError: The file is not a study or is one of another search, or the disk is full.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if isinstance(path, StudyUrl):
        with asking_server(path), _on_server(path, settings) as study:
            yield study
        return
    check_settings(path, settings)
    try:
        backend = _backend(path)
        note_journal(backend.engine, path, note)
        storage = StudyStorage(backend)
        study = optuna.create_study(storage=storage, study_name=STUDY_NAME, load_if_exists=True)
        if SETTINGS_KEY not in study.user_attrs:
            study.set_user_attr(SETTINGS_KEY, settings)
        requeue_running(study)
        yield study
        backend.engine.dispose()
        _close(path)
    except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        raise StudyError(_write_error(path, error)) from None


@contextmanager
def _on_server(url: StudyUrl, settings: dict[str, Any]) -> Iterator[optuna.Study]:
    """The study on a server; other drivers may write it, too."""
    backend = server_backend(url)
    drivers = Drivers(backend, url)
    try:
        with drivers.turn():  # of several new searches with different settings one is refused
            check_settings(url, settings)
            storage = StudyStorage(backend, drivers)
            study = optuna.create_study(storage=storage, study_name=url.study, load_if_exists=True)
            if SETTINGS_KEY not in study.user_attrs:
                study.set_user_attr(SETTINGS_KEY, settings)
        settle_weights(study, url)
        requeue_running(study)
        yield study
    finally:
        drivers.close()
        backend.engine.dispose()


def settle_weights(study: optuna.Study, url: StudyUrl) -> None:
    """Keeps the place of the weights in the study, or takes it from there.

    Args:
        study: Open study.
        url: Its URL; the place is an attribute of it.

    Raises:
        StudyError: The study keeps its weights elsewhere, or this machine cannot write there.
    """
    kept = study.user_attrs.get(WEIGHTS_KEY)
    if url.weights is None:
        url.weights = kept
    if url.weights is None:
        return
    if kept is None:
        check_place(url.weights, is_new=True)
        study.set_user_attr(WEIGHTS_KEY, url.weights)
    elif place_for_all(kept) == place_for_all(url.weights):
        check_place(url.weights, is_new=False)
    else:
        raise StudyError(
            f"{url} keeps its weights in {kept}, not in {url.weights}; leave --weights out"
        )


@contextmanager
def lock_study(path: Path) -> Iterator[None]:
    """Creates the study's folder and locks the study; the lock ends with the process.

    Args:
        path: Path of the study file.

    Raises:
        StudyError: The study is in use, the folder cannot be written, or the file at `path` is not
            a study, or a damaged one.
    """
    check_path(path)
    if isinstance(path, StudyUrl):  # several drivers may write it
        if kept_settings(path) is not None:
            read_study(path)
        yield
        return
    try:
        is_folder = not path.name or path.is_dir()
        has_file = not is_folder and study_folder(path).is_file()
    except OSError as error:  # a name that is too long
        raise StudyError(_write_error(path, error)) from None
    if is_folder:
        raise StudyError(f"the study must be a file, not {str(path)!r}; write --study NAME.db")
    if has_file:
        raise StudyError(
            f"{study_folder(path)} is a file, but the weights and the report of {path} go there; "
            "choose another name with --study"
        )
    busy = (
        "another search is writing this study; wait for it, stop it, or choose another file with "
        "--study"
    )
    with sole_writer(path, busy, lambda error: _write_error(path, error)):
        if path.exists() and kept_settings(path) is not None:
            read_study(path)  # what is damaged is said before anything is written
        yield


def check_settings(path: Path, settings: dict[str, Any]) -> None:
    """Refuses a study file of another search. A path without a file is accepted.

    Args:
        path: Path of the study file.
        settings: Settings of the search that is about to run.

    Raises:
        StudyError: The settings differ. The message names the difference.
    """
    if not path.exists():
        return
    kept = kept_settings(path)
    if kept is not None and (changed := difference(kept, settings)):
        raise StudyError(
            f"{path} is the study of another search ({changed}); use its settings, or choose "
            "another file with --study"
        )


def requeue_running(study: optuna.Study, *, own: bool = True) -> None:
    """Ends trials that a stopped search left running, and queues their networks again.

    A trial that was stopped before it had all genes has no network to queue, unless it came from
    the queue itself; then the sampler proposes another. Each network is queued before its trial
    ends, so that no network is lost if the process is killed between the two. Trials that another
    driver is running stay as they are.

    Args:
        study: Open study.
        own: Whether those that this process has asked for are queued again, too.
    """
    with turn(study), batch(study):
        _requeue(study, own)


def _requeue(study: optuna.Study, own: bool) -> None:
    storage = study._storage
    drivers = storage.drivers if isinstance(storage, StudyStorage) else None
    waiting = [_queued(trial) for trial in study.get_trials(states=(TrialState.WAITING,))]
    names = _gene_names(study)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if drivers is not None:
            driver = trial.user_attrs.get(DRIVER_KEY)
            if drivers.lives(driver) and not (own and driver == drivers.own):
                continue
        is_whole = ARCHITECTURE_KEY in trial.user_attrs or names <= trial.params.keys()
        genes = trial.params if is_whole else trial.system_attrs.get("fixed_params", {})
        network = trial.user_attrs.get(OUT_OF_SPACE_KEY)
        if (is_whole or genes or network) and (genes, network) not in waiting:
            kept = {
                key: trial.user_attrs[key]
                for key in (OUT_OF_SPACE_KEY, BASELINE_KEY)
                if key in trial.user_attrs
            }
            kept[LOSSES_KEY] = trial.user_attrs.get(LOSSES_KEY, 0)
            if rung := max((trial.user_attrs.get(RUNG_KEY, 0), *trial.intermediate_values)):
                kept[RUNG_KEY] = rung
            study.enqueue_trial(genes, user_attrs=kept)
        study.tell(trial.number, state=TrialState.FAIL)


def rescue(study: optuna.Study, path: Path) -> Path:
    """Saves a study whose file was deleted, renamed or replaced while it was open.

    The open connection still reads the old file.

    Args:
        study: Open study.
        path: Path that its file had.

    Returns:
        Path of the copy, beside the old one.

    Raises:
        StudyError: The copy cannot be written.
    """
    storage: Any = study._storage
    copy = free_path(path.with_name(f"{path.stem}-saved{path.suffix}"))
    connection = storage.backend.engine.raw_connection()
    try:
        with closing(sqlite3.connect(copy)) as target:
            connection.driver_connection.backup(target)
    except (sqlite3.Error, OSError) as error:
        raise StudyError(
            f"{path} was deleted or renamed while the search ran, and a copy cannot be written to "
            f"{copy}: {error}"
        ) from None
    finally:
        connection.close()
    return copy


def free_path(path: Path) -> Path:
    """A path without a file: `path`, or with a number from 2 on at the end of its stem."""
    number = 2
    found = path
    while found.exists():
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return found


def _gene_names(study: optuna.Study) -> set[str]:
    """Names of the genes that a trial needs before it has a network."""
    return {gene.name for gene in genes_of(study.user_attrs[SETTINGS_KEY]["space"])}


def _queued(trial: FrozenTrial) -> tuple[dict[str, Any], Any]:
    """Genes of a queued trial, and its network if that is out of the space."""
    return trial.system_attrs.get("fixed_params", {}), trial.user_attrs.get(OUT_OF_SPACE_KEY)


def _backend(path: Path) -> RDBStorage:
    # Seconds that a write waits for another connection.
    storage = RDBStorage(study_url(path), engine_kwargs={"connect_args": {"timeout": 30}})
    keep_whole(storage.engine)
    return storage


def _close(path: Path) -> None:
    """Ends WAL mode, so that the study is a single file and readable without write permission."""
    with closing(sqlite3.connect(path)) as database, suppress(sqlite3.OperationalError):
        database.execute("PRAGMA journal_mode=DELETE")


def _write_error(path: Path, error: BaseException) -> str:
    error = root_cause(error)
    reason = getattr(error, "strerror", None) or str(getattr(error, "orig", error)).splitlines()[0]
    if "locked" in reason:
        return str(locked(path, reason))
    return (
        f"cannot write the study {path}: {reason}; make room, or make it writable, and run the "
        "same command again: finished trials are kept"
    )
