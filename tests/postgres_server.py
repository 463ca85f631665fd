"""A PostgreSQL server in a temporary folder, where PostgreSQL is installed."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
PASSWORD = "s3cret/w@rd"


class Server:
    """A server that listens on a port of this machine; user "nas", who needs a password."""

    def __init__(self, programs, folder):
        self._programs, self._folder = programs, folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._databases = 0
        data = folder / "data"
        (folder / "password").write_text(PASSWORD)
        self._settle_owner(folder / "password")
        self._run("initdb", "-N", "-A", "scram-sha-256", "-U", "nas", "-E", "UTF8", "-D", data,
                  f"--pwfile={folder / 'password'}")  # fmt: skip
        self.start()

    def _settle_owner(self, *paths):
        for path in (self._folder, *paths):
            if self._user:
                shutil.chown(path, self._user)

    @property
    def _user(self):
        """A server does not run as root."""
        return "postgres" if os.geteuid() == 0 else None

    def _run(self, program, *arguments):
        subprocess.run(
            [self._programs / program, *arguments],
            check=True,
            user=self._user,
            cwd=self._folder,
            capture_output=True,
            timeout=120,
        )

    def start(self):
        """Starts the server."""
        options = (
            f"-p {self.port} -k '' -c listen_addresses=127.0.0.1 -c fsync=off "
            "-c max_connections=40 -c shared_buffers=16MB"
        )
        data = self._folder / "data"
        self._run("pg_ctl", "-D", data, "-w", "-o", options, "-l", self._folder / "log", "start")

    def stop(self):
        """Stops the server as a crash would."""
        self._run("pg_ctl", "-D", self._folder / "data", "-w", "-m", "immediate", "stop")

    def new_database(self):
        """The URL of a new database, without the password."""
        import psycopg

        self._databases += 1
        name = f"studies{self._databases}"
        url = f"postgresql://nas@127.0.0.1:{self.port}"
        with psycopg.connect(f"{url}/postgres", password=PASSWORD, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"{url}/{name}"


@pytest.fixture(scope="session")
def postgres_server():
    """One server for all tests of a process."""
    pytest.importorskip("psycopg")
    found = [each for place in _PLACES for each in sorted(Path("/").glob(place[1:]))]
    programs = next((each for each in reversed(found) if (each / "initdb").exists()), None)
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="nas-tc-postgres-", dir="/tmp"))
    server = Server(programs, folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(postgres_server, monkeypatch):
    """The URL of an empty database; libpq takes the password from the environment."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    return postgres_server.new_database()
