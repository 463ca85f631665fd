"""Paths of a study's files, and a check of a study file before Optuna opens it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy

from nas_tc.errors import StudyError, reason
from nas_tc.study.attributes import SETTINGS_KEY

STUDY_NAME = "nas-tc"
_HEADER = b"SQLite format 3\0"
FORMAT = 1  # version of the study file; raised when older versions of nas-tc cannot read it


def study_folder(study: Path) -> Path:
    """Folder of a study's report and weights: `NAME` for `NAME.db`, else `NAME.EXT.files`.

    Studies in one folder that differ only in their suffix have different folders.
    """
    return (
        study.with_suffix("") if study.suffix == ".db" else study.with_name(f"{study.name}.files")
    )


def weights_folder(study: Path) -> Path:
    """The folder of a study's weights."""
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
    check_path(path)
    if not _size_bytes(path):
        return None
    other = StudyError(f"{path}: not a study of nas-tc; choose another path for the study")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
            if not tables:
                return None
            if "study_user_attributes" not in tables:
                raise other
            rows = database.execute(
                "SELECT value_json FROM study_user_attributes WHERE key = ?", (SETTINGS_KEY,)
            ).fetchall()
            studies = [name for (name,) in database.execute("SELECT study_name FROM studies")]
            trials = database.execute("SELECT COUNT(*) FROM trials").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StudyError(
                f"{path}: another program has locked the study ({error}); close it there, and run "
                "the same command again"
            ) from None
        raise StudyError(f"cannot read the study {path}: {error}") from None
    except sqlite3.DatabaseError as error:
        raise (_damaged(path, error) if _is_database(path) else other) from None
    if not rows:
        if trials or studies not in ([], [STUDY_NAME]):
            raise other
        return None  # the search was killed while it made the study
    settings: dict[str, Any] = json.loads(rows[0][0])
    if settings["format"] > FORMAT:
        raise StudyError(f"{path}: the study was made by a newer nas-tc; update nas-tc to use it")
    return settings


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
    raise StudyError(f"no study file {str(path)!r}")


def _is_database(path: Path) -> bool:
    """Whether a file begins with a page of an SQLite database, which has 512 bytes or more."""
    with path.open("rb") as file:
        page = file.read(512)
    return page.startswith(_HEADER) and len(page) == 512


def _damaged(path: Path, error: sqlite3.DatabaseError) -> StudyError:
    return StudyError(
        f"{path}: the study file is damaged ({error}); take a copy of it from before, or save what "
        f"is left with 'sqlite3 {path} .recover | sqlite3 saved.db'; weights are in "
        f"{weights_folder(path)}"
    )


def identity_of(path: Path) -> tuple[int, int] | None:
    """Device and inode, which tell a file from a later one at the same path; None if it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
