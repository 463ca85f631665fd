"""Turns on a GPU: training holds its lock for tens of steps, then lets a timing in.

A GPU works behind the host, so the lock may be let go only when it has finished. Waiting for it
after every step would empty its queue each time.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

from nas_tc.timing.node_lock import NodeLock

_STEPS = 20  # a timing waits for as many at most


class GpuTurns:
    """The lock of a GPU for one that trains on it, taken for twenty steps at a time.

    Args:
        lock: Lock of the GPU.
        device: The GPU.
    """

    def __init__(self, lock: NodeLock, device: torch.device) -> None:
        self._lock = lock
        self._device = device
        self._held = ExitStack()
        self._steps = 0  # since the lock was taken

    @contextmanager
    def step(self) -> Iterator[None]:
        """The context of a step; the lock stays held behind it, until the turn is over."""
        if self._steps == 0:
            self._held.enter_context(self._lock.step())
        self._steps += 1
        yield
        if self._steps >= _STEPS:
            self.release()

    def release(self) -> None:
        """Lets go of the lock when the GPU has finished; call it when no step follows soon."""
        if self._steps == 0:
            return
        self._steps = 0
        try:
            torch.cuda.synchronize(self._device)
        finally:
            self._held.close()
