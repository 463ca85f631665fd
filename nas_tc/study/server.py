"""A PostgreSQL server with studies: connections, and the drivers that write one study together.

Each driver holds an advisory lock of the server while it lives. The server frees the lock when the
connection ends, however the driver ended, so the others know whose trials are left running.
"""

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from typing import Any

import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from nas_tc.errors import NasTcError, StudyError
from nas_tc.study.study_url import StudyUrl

_CONNECT_S = 10
_PATIENCE_S = 60.0  # for a server that is started again
_SETTINGS = {  # of each connection: a machine that is cut off is noticed within two minutes
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "15",
    "tcp_keepalives_count": "4",
    "lock_timeout": "5min",
}
_ASKING, _MAKING = 0, 1  # what the lock of a study guards: its next proposal, its tables


def server_engine(url: StudyUrl) -> sqlalchemy.Engine:
    """Connections to the server.

    Args:
        url: URL of a study.

    Raises:
        StudyError: psycopg is not installed.
    """
    try:
        return sqlalchemy.create_engine(url.engine_url(), **_engine_keywords())
    except ImportError:
        raise _not_installed(url) from None


def server_backend(url: StudyUrl) -> RDBStorage:
    """Optuna's storage on the server; its tables are made if they are not there.

    Args:
        url: URL of a study.

    Raises:
        StudyError: psycopg is not installed.
    """
    engine = server_engine(url)
    try:
        with engine.connect() as connection, _locked(connection, _key("tables", _MAKING)):
            return RDBStorage(
                _as_template(url.engine_url().render_as_string(hide_password=False)),
                engine_kwargs=_engine_keywords(),
            )
    finally:
        engine.dispose()


def has_tables(engine: sqlalchemy.Engine) -> bool:
    """Whether the database has the tables of studies."""
    return sqlalchemy.inspect(engine).has_table("study_user_attributes")


class Drivers:
    """This driver among those that write the same study.

    Args:
        backend: Optuna's storage on the server.
        url: URL of the study.

    Attributes:
        own: Name of this driver: host, process and a random number.
    """

    def __init__(self, backend: RDBStorage, url: StudyUrl) -> None:
        self.own = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._engine = backend.engine
        self._url = url
        self._presence: sqlalchemy.Connection | None = None
        self.be_present()

    def be_present(self) -> None:
        """Holds the lock that shows that this driver lives, anew if the server was restarted."""
        if self._presence is not None:
            try:
                self._presence.execute(sqlalchemy.text("SELECT 1"))
            except SQLAlchemyError:
                with suppress(SQLAlchemyError):
                    self._presence.invalidate()
                    self._presence.close()
                self._presence = None
            else:
                return
        self._presence = self.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._presence.execute(_LOCK, {"key": self._key_of(self.own)})

    def connect(self) -> sqlalchemy.Connection:
        """A connection; a server that is away is waited for."""
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return self._engine.connect()
            except OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(1.0)

    def lives(self, driver: str | None) -> bool:
        """Whether a driver is at work.

        Args:
            driver: Its name; None: the driver of a trial that names none, which is gone.
        """
        if driver is None or driver == self.own:
            return driver is not None
        key = {"key": self._key_of(driver)}
        with self.connect() as connection:
            is_free = connection.execute(_TRY, key).scalar()
            if is_free:
                connection.execute(_UNLOCK, key)
        return not is_free

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The time in which no other driver asks for a trial."""
        with self.connect() as connection, _locked(connection, self._key_of("ask")):
            yield

    def close(self) -> None:
        """Ends the presence."""
        if self._presence is not None:
            with suppress(SQLAlchemyError):
                self._presence.execute(_UNLOCK, {"key": self._key_of(self.own)})
                self._presence.close()

    def _key_of(self, what: str) -> int:
        return _key(f"{self._url.study} {what}", _ASKING)


def server_error(url: StudyUrl, error: BaseException) -> StudyError:
    """The error for a server that does not do what is asked of it, on one line.

    Args:
        url: URL of the study.
        error: What SQLAlchemy or Optuna raised.
    """
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(getattr(error, "orig", error)).splitlines()]
    said = next((line for line in lines if line), type(error).__name__)
    for before in ("failed: ", "FATAL:"):  # behind the addresses that were tried
        said = said.rpartition(before)[2]
    if url.password:
        said = said.replace(url.password, "***")
    return StudyError(
        f"{url}: {said.strip()}; see that the server runs and that user, password (PGPASSWORD or "
        "~/.pgpass) and database are right, and run the same command again: finished trials are "
        "kept"
    )


@contextmanager
def asking_server(url: StudyUrl) -> Iterator[None]:
    """Turns what a server does not do into one line for the user.

    Args:
        url: URL of the study.

    Raises:
        StudyError: The server is not there, refuses, or has ended.
    """
    try:
        yield
    except NasTcError:
        raise
    except (SQLAlchemyError, StorageInternalError) as error:
        raise server_error(url, error) from None
    except ImportError:
        raise _not_installed(url) from None


_LOCK = sqlalchemy.text("SELECT pg_advisory_lock(:key)")
_TRY = sqlalchemy.text("SELECT pg_try_advisory_lock(:key)")
_UNLOCK = sqlalchemy.text("SELECT pg_advisory_unlock(:key)")


@contextmanager
def _locked(connection: sqlalchemy.Connection, key: int) -> Iterator[None]:
    connection = connection.execution_options(isolation_level="AUTOCOMMIT")
    connection.execute(_LOCK, {"key": key})
    try:
        yield
    finally:
        with suppress(SQLAlchemyError):  # a connection that has ended holds no lock
            connection.execute(_UNLOCK, {"key": key})


def _key(text: str, kind: int) -> int:
    """The number of a lock: the same text gives the same number on all machines."""
    digest = blake2b(f"nas-tc {kind} {text}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _engine_keywords() -> dict[str, Any]:
    connect = {
        "connect_timeout": _CONNECT_S,
        "application_name": "nas-tc",
        "options": " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items()),
    }
    return {"pool_pre_ping": True, "connect_args": connect}


def _as_template(url: str) -> str:
    """The URL for Optuna, which formats it."""
    return url.replace("{", "{{").replace("}", "}}")


def _not_installed(url: StudyUrl) -> StudyError:
    return StudyError(f"{url}: psycopg is not installed; pip install 'nas-tc[postgres]'")
