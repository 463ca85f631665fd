"""The lock of a file that one process at a time may write."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from nas_tc.errors import StudyError

_WAIT_S = 1  # the lock of a process that was just killed is free within moments


@contextmanager
def sole_writer(path: Path, busy: str, unwritable: Callable[[OSError], str]) -> Iterator[None]:
    """Creates the file's folder and locks the file; the lock ends with the process.

    Args:
        path: Path of the file.
        busy: What to say, behind the path, if another process has the lock.
        unwritable: Function that gives the message for a folder that cannot be written.

    Raises:
        StudyError: Another process has the lock, or the folder cannot be written.
    """
    lock = FileLock(path.with_name(path.name + ".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=_WAIT_S)
    except Timeout:
        raise StudyError(f"{path}: {busy}") from None
    except OSError as error:
        raise StudyError(unwritable(error)) from None
    try:
        yield
    finally:
        lock.release()
