"""A folder that all machines see: a path, or the URL of an object store."""

import re
import tempfile
from pathlib import Path
from typing import Any

from nas_tc.errors import StudyError, reason

_IS_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def place_for_all(place: str) -> str:
    """The place as each driver finds it, whichever folder it was started in.

    Args:
        place: Path or URL.
    """
    return place if _IS_URL.match(place) else str(Path(place).expanduser().absolute())


def check_place(place: str, *, is_new: bool) -> None:
    """Refuses a folder that cannot be written, before anything is trained for it.

    Args:
        place: Path or URL; what a URL names is not asked.
        is_new: Whether the folder may still have to be made. Else it is there, and a machine
            without it lacks a mount: weights would go where no other driver finds them.

    Raises:
        StudyError: The folder is not there, cannot be made, or cannot be written.
    """
    if _IS_URL.match(place):
        return
    try:
        if is_new:
            Path(place).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise StudyError(
            f"cannot write weights to {place}: {reason(error)}; see that this machine has the "
            "folder that all drivers share, and that you may write it"
        ) from None


def remote_folder(place: str) -> Any:
    """The folder, with the interface of `Path`.

    Args:
        place: Path, or a URL that fsspec knows, such as s3://BUCKET/FOLDER.

    Raises:
        StudyError: Nothing that is installed knows such URLs.
    """
    if not _IS_URL.match(place):
        return Path(place)
    try:
        from upath import UPath  # noqa: PLC0415 - few need it

        return UPath(place)
    except (ImportError, ValueError) as error:
        kind = place.partition("://")[0]
        raise StudyError(
            f"--weights {place}: {error}; pip install 'nas-tc[postgres]', and what fsspec needs "
            f"for {kind}:// (s3fs for s3, gcsfs for gs)"
        ) from None
