"""Paths of a study's files, and a check of a study file before Optuna opens it."""

import json
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from optuna.exceptions import OptunaError, StorageInternalError

from nas_tc.errors import NasTcError, StudyError, reason, shortened
from nas_tc.study.attributes import SETTINGS_KEY
from nas_tc.study.checks import DamageError, check_settings
from nas_tc.study.remote_folder import remote_folder
from nas_tc.study.rows import unreadable
from nas_tc.study.server import asking_server, has_tables, server_engine, server_error
from nas_tc.study.study_url import STUDY_NAME, StudyUrl

_HEADER = b"SQLite format 3\0"
# What Optuna and SQLAlchemy raise for rows that they did not write.
_RAISED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    sqlalchemy.exc.SQLAlchemyError,
    sqlite3.Error,
    OptunaError,
)
FORMAT = 1  # version of the study file; raised when older versions of nas-tc cannot read it


def study_folder(study: Path) -> Path:
    """Folder of a study's report and weights: `NAME` for `NAME.db`, else `NAME.EXT.files`.

    Studies in one folder that differ only in their suffix have different folders. A study on a
    server has a folder below results/local/.
    """
    if isinstance(study, StudyUrl):
        return study.folder
    return (
        study.with_suffix("") if study.suffix == ".db" else study.with_name(f"{study.name}.files")
    )


def weights_folder(study: Path) -> Path:
    """The folder of a study's weights, which may be in an object store."""
    if isinstance(study, StudyUrl) and study.weights is not None:
        folder: Path = remote_folder(study.weights)
        return folder
    return study_folder(study) / "weights"


def study_url(path: Path) -> str:
    """The URL of a study file for Optuna; characters that a URL reserves are quoted."""
    return sqlalchemy.URL.create("sqlite", database=str(path)).render_as_string()


def weights_file(study: Path, number: int) -> Path:
    """File of the weights of trial `number`."""
    return weights_folder(study) / f"trial-{number:06d}.safetensors"


def check_path(path: Path) -> None:
    """Refuses a path that a URL of a database cannot hold.

    Args:
        path: Path of the study file.

    Raises:
        StudyError: The path is no UTF-8.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise StudyError(
            f"{path}: the path of a study must be UTF-8; rename the folder or file, or change into "
            "the folder"
        ) from None


def kept_settings(path: Path) -> dict[str, Any] | None:
    """The settings in a study file, opened read-only; None if the study is still empty.

    Args:
        path: Path of the study file.

    Raises:
        StudyError: There is no such file, it is not a study, or a newer nas-tc made it.
    """
    if isinstance(path, StudyUrl):
        return _settings_on_server(path)
    check_path(path)
    if not _size_bytes(path):
        return None
    other = StudyError(f"{path}: not a study of nas-tc; choose another path for the study")
    try:
        with closing(_read_only(path)) as database:
            text = _settings_text(database, other)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise locked(path, str(error)) from None
        raise StudyError(f"cannot read the study {path}: {error}") from None
    except sqlite3.DatabaseError as error:
        raise (damaged(path, str(error)) if _is_database(path) else other) from None
    return None if text is None else _settings(path, text)


def _settings_on_server(url: StudyUrl) -> dict[str, Any] | None:
    """The settings of a study on a server; None if there is no such study yet."""
    with asking_server(url):
        engine = server_engine(url)
        try:
            if not has_tables(engine):
                return None
            with engine.connect() as connection:
                text = connection.execute(
                    sqlalchemy.text(
                        "SELECT value_json FROM study_user_attributes JOIN studies "
                        "USING (study_id) WHERE study_name = :name AND key = :key"
                    ),
                    {"name": url.study, "key": SETTINGS_KEY},
                ).scalar()
        finally:
            engine.dispose()
    return None if text is None else _settings(url, text)


def _settings_text(database: sqlite3.Connection, other: StudyError) -> Any:
    """The settings as the file has them; None if it was killed while it was made.

    Args:
        database: Open file.
        other: Error for the database of another program.

    Raises:
        StudyError: `other`.
    """
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    if not tables:
        return None
    if "study_user_attributes" not in tables:
        raise other
    rows = database.execute(
        "SELECT value_json FROM study_user_attributes WHERE key = ?", (SETTINGS_KEY,)
    ).fetchall()
    if rows:
        return rows[0][0] or ""
    studies = [name for (name,) in database.execute("SELECT study_name FROM studies")]
    trials = database.execute("SELECT COUNT(*) FROM trials").fetchone()[0]
    if trials or studies not in ([], [STUDY_NAME]):
        raise other
    return None


def _settings(path: Path, text: Any) -> dict[str, Any]:
    """The settings of a study.

    Args:
        path: Path of the study file.
        text: Their JSON.

    Raises:
        StudyError: They are damaged, or a newer nas-tc wrote them.
    """
    try:
        settings = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise damaged(path, "settings: not JSON") from None
    made_by = settings.get("format") if isinstance(settings, dict) else None
    if type(made_by) is int and made_by > FORMAT:
        raise StudyError(f"{path}: the study was made by a newer nas-tc; update nas-tc to use it")
    try:
        return check_settings(settings)
    except DamageError as error:
        raise damaged(path, str(error)) from None


def _size_bytes(path: Path) -> int:
    """Size of a study file.

    Args:
        path: Path of the study file.

    Raises:
        StudyError: There is no such file.
    """
    try:
        if path.is_file():
            return path.stat().st_size
    except OSError as error:  # such as a name that is too long
        raise StudyError(f"cannot read the study {path}: {reason(error)}") from None
    if path.is_dir():
        raise StudyError(
            f"{path} is a folder, no study file; nas-tc studies {path} lists its studies"
        )
    raise no_study(path)


def _is_database(path: Path) -> bool:
    """Whether a file begins with a page of an SQLite database, which has 512 bytes or more."""
    with path.open("rb") as file:
        page = file.read(512)
    return page.startswith(_HEADER) and len(page) == 512


def no_study(path: Path) -> StudyError:
    """The error for a study file that is not there.

    Args:
        path: Path of the study file.
    """
    return StudyError(
        f"no study file {str(path)!r}; nas-tc studies FOLDER lists the studies of a folder"
    )


def damaged(path: Path, problem: str) -> StudyError:
    """The error for a study file that is damaged, or that somebody has edited.

    Args:
        path: Path of the study file.
        problem: What is wrong, and where.
    """
    if isinstance(path, StudyUrl):
        return StudyError(f"{path}: the study is damaged ({shortened(problem)})")
    return StudyError(
        f"{path}: the study is damaged ({shortened(problem)}); save what is whole with: nas-tc "
        f"study rescue {shlex.quote(str(path))}"
    )


def locked(path: Path, problem: str) -> StudyError:
    """The error for a file that another program keeps locked.

    Args:
        path: Path of the file.
        problem: What SQLite says.
    """
    return StudyError(
        f"{path}: another program has locked it ({problem}); close it there, and run the "
        "same command again: what is finished is kept"
    )


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns whatever is raised while a study is read into one line for the user.

    Optuna raises errors of many kinds for rows that it did not write.

    Args:
        path: Path of the study file.

    Raises:
        StudyError: The study is locked, cannot be read, or is damaged.
    """
    try:
        yield
    except DamageError as error:
        raise damaged(path, str(error)) from None
    except NasTcError:
        raise
    except _RAISED as error:
        if isinstance(path, StudyUrl):
            if isinstance(error, sqlalchemy.exc.SQLAlchemyError | StorageInternalError):
                raise server_error(path, error) from None
            raise damaged(path, reason(error)) from None
        cause = root_cause(error)
        if "locked" in str(cause):
            raise locked(path, str(cause)) from None
        if isinstance(cause, sqlite3.OperationalError) and "disk I/O" in str(cause):
            raise StudyError(f"cannot read the study {path}: {cause}") from None
        raise damaged(path, _unreadable(path) or reason(cause)) from None


def root_cause(error: BaseException) -> BaseException:
    """What a chain of errors began with."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _unreadable(path: Path) -> str | None:
    """What in a study cannot be read, if it can be found."""
    try:
        with closing(_read_only(path)) as database:
            return unreadable(database)
    except sqlite3.DatabaseError as error:
        return str(error)


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def identity_of(path: Path) -> tuple[int, int] | None:
    """Device and inode, which tell a file from a later one at the same path; None if it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
