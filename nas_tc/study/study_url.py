"""`StudyUrl`: a study on a PostgreSQL server, named where others name a file."""

import re
from pathlib import Path, PosixPath
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import sqlalchemy

from nas_tc.errors import StudyError

_IS_URL = re.compile(r"([a-z][a-z0-9+.-]+):/+", re.IGNORECASE)
_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
_LOCAL = Path("results") / "local"
_WAY_OUT = "write postgresql://USER@HOST/DATABASE#STUDY"
STUDY_NAME = "nas-tc"


class StudyUrl(PosixPath):
    """The URL of a study, with the parts of the interface of `Path` that a study's file needs.

    `postgresql://USER@HOST:PORT/DATABASE#STUDY`; the name of the study is "nas-tc" if there is
    none. Its text has no password. Files that belong to the study lie in a folder here.

    Attributes:
        password: Password, if the URL had one; None: libpq finds it (PGPASSWORD, ~/.pgpass).
        weights: Folder of the weights for all machines; None: they are kept on this machine.
    """

    password: str | None = None
    weights: Any = None

    def __str__(self) -> str:
        return super().__str__().replace(":/", "://", 1)

    def exists(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002 - that of Path
        """Whether there may be a study; only the server knows."""
        return True

    @property
    def study(self) -> str:
        """The name of the study in its database."""
        return unquote(urlsplit(str(self)).fragment) or STUDY_NAME

    @property
    def folder(self) -> Path:
        """The folder on this machine for reports and, without another place, weights."""
        parts = urlsplit(str(self))
        words = (parts.hostname or "localhost", parts.path.strip("/"), self.study)
        name = "-".join(re.sub(r"[^\w.@']+", "-", word).strip("-") for word in words)
        return _LOCAL / name

    def engine_url(self) -> sqlalchemy.URL:
        """The URL for SQLAlchemy, with the password if it is known."""
        parts = urlsplit(str(self))
        return sqlalchemy.URL.create(
            "postgresql+psycopg",
            username=None if parts.username is None else unquote(parts.username),
            password=self.password,
            host=parts.hostname,
            port=parts.port,
            database=unquote(parts.path.strip("/")),
            query=dict(parse_qsl(parts.query)),
        )


def study_path(text: str | Path) -> Path:
    """The path of a study, or its URL.

    Args:
        text: Path or URL; a `Path` of a URL has lost one of its slashes.

    Raises:
        StudyError: It is the URL of something else, or not whole.
    """
    if isinstance(text, StudyUrl):
        return text
    found = _IS_URL.match(str(text))
    if found is None and str(text).lower().startswith(tuple(f"{each}:" for each in _SCHEMES)):
        raise StudyError(f"the URL of the study has no // behind its scheme; {_WAY_OUT}")
    if found is None:
        return Path(text)
    scheme, rest = found[1].lower(), str(text)[found.end() :]
    if scheme not in _SCHEMES:
        raise StudyError(
            f"a study is a file or on a PostgreSQL server, not on {scheme}; {_WAY_OUT}"
        )
    login, has_login, place = rest.partition("/")[0].rpartition("@")
    user, _, password = login.partition(":")
    rest = rest[len(login) + len(has_login) :]
    shown = f"postgresql://{user}{has_login}{rest}"
    try:
        parts = urlsplit(shown)
        whole = bool(parts.path.strip("/")) and "/" not in parts.path.strip("/")
        _ = parts.port
    except ValueError:
        whole = False
    if "@" in rest:
        raise StudyError(
            f"the URL of the study has an @ or / that is not quoted as %40 or %2F; {_WAY_OUT}"
        )
    if not whole or not place:
        raise StudyError(f"{shown}: no host and one database; {_WAY_OUT}")
    if any(key.lower() in ("password", "passfile") for key, _ in parse_qsl(parts.query)):
        raise StudyError("a password is no parameter of a study's URL; set PGPASSWORD instead")
    url = StudyUrl(shown)
    url.password = unquote(password) or None
    return url


def without_password(command: str) -> str:
    """A command line whose URLs have no passwords.

    Args:
        command: Command line.
    """
    return re.sub(r"(://[^\s:/@]*):[^\s/@]*@", r"\1:***@", command)
