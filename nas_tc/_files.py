"""Files that are written whole or not at all, and never over those of others."""

import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nas_tc.errors import NasTcError

_LEFT_BEHIND_S = 24 * 3600  # no write takes so long: whoever began such a file was killed


def as_text(name: str) -> str:
    """A name for whoever takes text only: bytes in it that are no UTF-8 are written in ASCII.

    Args:
        name: Name of a file, or a command with one.
    """
    return name.encode("utf-8", "backslashreplace").decode()


@contextmanager
def whole_file(path: Path, *, synced: bool = False) -> Iterator[Path]:
    """Gives a path beside `path` to write to; what was written there then takes the name `path`.

    Whoever reads `path` finds the file of before or the new one, never a part, also after a kill
    or on a full disk. Several processes can write the same file at once: the last one counts.

    Args:
        path: Of the file; its folder is made if it is not there.
        synced: Whether the bytes are on the disk before the file has its name, so that a power
            cut cannot leave an empty one. That waits for the disk.

    Yields:
        The path to write to.

    Raises:
        OSError: The folder or the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_behind(path)
    partial = path.with_name(f".{path.name}-{secrets.token_hex(4)}.partial")
    try:
        yield partial
        if synced:
            with partial.open("rb") as file:
                os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


def check_folder(folder: Path, names: Iterable[str], writer: str, *, is_own: bool) -> None:
    """Refuses a folder in which a command would replace files that it has not written.

    Args:
        folder: Folder for the files, which may not exist.
        names: Every name that the command may write or remove there.
        writer: What the files belong to, for the message: "report", "export".
        is_own: Whether the command has written into the folder before.

    Raises:
        NasTcError: It is a file, or holds such files.
    """
    if folder.exists() and not folder.is_dir():
        raise NasTcError(f"{folder} is a file; name a folder for the {writer} with --out")
    others = [] if is_own else [name for name in names if (folder / name).exists()]
    if others:
        raise NasTcError(
            f"{folder} has {', '.join(others)} of another origin, which the {writer} would "
            "replace; choose another folder with --out"
        )


def _remove_left_behind(path: Path) -> None:
    """Removes what processes that were killed had written of `path` a day ago or earlier."""
    prefix, now = f".{path.name}-", time.time()
    with suppress(OSError):
        for each in path.parent.iterdir():
            if each.name.startswith(prefix) and each.suffix == ".partial":
                with suppress(OSError):
                    if now - each.stat().st_mtime > _LEFT_BEHIND_S:
                        each.unlink()
