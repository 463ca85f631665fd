"""Keeps the stopwatch alone on its node: training steps and timings take turns.

Many processes may train at once, but none while one of them reads the clock. The system gives a
lock back when its process dies.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NodeLock:
    """A lock of this node: shared by training steps, exclusive for a timing.

    There are two locks. A timing holds the gate before it waits for the road, so steps that
    begin later wait at the gate, and those under way soon leave the road: no timing starves,
    however many processes train. A step passes the gate, takes the road and leaves the gate open
    behind it.

    Processes of one user on one machine share it, whatever search they belong to.

    Args:
        folder: of the two files; the system's folder for temporary files if None.
    """

    def __init__(self, folder: Path | None = None) -> None:
        base = folder or Path(tempfile.gettempdir())
        self._gate, self._road = (
            os.open(base / f"nas-tc-{os.getuid()}-{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            for name in ("gate", "road")
        )

    @contextmanager
    def step(self) -> Iterator[None]:
        """While a training step runs: others may run theirs, nobody times."""
        fcntl.flock(self._gate, fcntl.LOCK_SH)
        try:
            fcntl.flock(self._road, fcntl.LOCK_SH)
        finally:
            fcntl.flock(self._gate, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._road, fcntl.LOCK_UN)

    @contextmanager
    def timing(self) -> Iterator[None]:
        """While the clock is read: nobody else's step or timing runs."""
        fcntl.flock(self._gate, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._road, fcntl.LOCK_EX)
            yield
        finally:
            fcntl.flock(self._road, fcntl.LOCK_UN)
            fcntl.flock(self._gate, fcntl.LOCK_UN)

    def close(self) -> None:
        """Gives the files back to the system."""
        os.close(self._gate)
        os.close(self._road)
