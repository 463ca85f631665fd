"""How SQLite keeps a study whole while it is written: by a write-ahead log, or else a journal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy

_WAL = "wal"


def keep_whole(engine: sqlalchemy.Engine) -> None:
    """Lets all connections that an engine makes write ahead, where the file system can.

    Write-ahead logging halves the cost of a write; a power cut may lose the last trial, never the
    file. It needs memory that processes share, which some network file systems lack. SQLite then
    keeps its rollback journal, which is safe only if each write waits for the disk.

    Args:
        engine: Engine of the study file.
    """

    @sqlalchemy.event.listens_for(engine, "connect")
    def use_wal(connection: Any, _record: object) -> None:
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        connection.execute(f"PRAGMA synchronous={'NORMAL' if mode == _WAL else 'FULL'}")

    engine.dispose()  # closes the connections made before the listener


def note_journal(engine: sqlalchemy.Engine, path: Path, note: Callable[[str], None]) -> None:
    """Says so if a study is written without a write-ahead log.

    Args:
        engine: Engine of the study file, after `keep_whole`.
        path: Path of the study file.
        note: Receives a line.
    """
    with engine.connect() as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    if mode != _WAL:
        note(
            f"{path}: its file system refuses SQLite's write-ahead log (it keeps {mode!r}), as "
            "network file systems do: each write waits for the disk, and nothing is lost; a study "
            "on a local disk is written more quickly"
        )
