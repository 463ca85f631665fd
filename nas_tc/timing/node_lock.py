"""The node lock: no training step runs on a machine while one of its processes measures a time.

Each GPU has a lock of its own, since a timing on one leaves the others as they are. Many processes
may train at once. The system releases a lock when its process dies.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NodeLock:
    """Lock of a node's processors or of one GPU: shared by training steps, exclusive for a timing.

    There are two locks. A timing holds the gate before it waits for the road, so steps that
    begin later wait at the gate, and those under way soon leave the road: no timing starves,
    however many processes train. A step passes the gate, takes the road and leaves the gate open
    behind it.

    Processes of one user on one machine share the lock, whatever search they belong to; a worker
    that has a GPU to itself in its search takes it for timings alone.

    Args:
        folder: Folder of its two files; None: the system's folder for temporary files.
        gpu: Number of the GPU, from `gpu_uuid`; None: the processors.
    """

    def __init__(self, folder: Path | None = None, gpu: str | None = None) -> None:
        base = folder or Path(tempfile.gettempdir())
        of = str(os.getuid()) if gpu is None else f"{os.getuid()}-{gpu}"
        self._gate, self._road = (
            os.open(base / f"nas-tc-{of}-{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            for name in ("gate", "road")
        )

    @contextmanager
    def step(self) -> Iterator[None]:
        """Holds the lock for a training step: other steps may run, but no timing."""
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
        """Holds the lock for a timing: no other step or timing runs."""
        fcntl.flock(self._gate, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._road, fcntl.LOCK_EX)
            yield
        finally:
            fcntl.flock(self._road, fcntl.LOCK_UN)
            fcntl.flock(self._gate, fcntl.LOCK_UN)

    def close(self) -> None:
        """Closes the two files."""
        os.close(self._gate)
        os.close(self._road)
