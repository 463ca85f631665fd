"""The capacity of a cluster for workers, and notes about workers that wait for a place."""

import time
from collections.abc import Callable, Iterable
from typing import Any

import ray

from nas_tc.errors import DeviceError

_PATIENCE_S = 15.0  # a worker that has a place starts within this time


class ClusterCapacity:
    """The processors or GPUs of a cluster, as places for workers.

    Args:
        kind: "CPU" or "GPU".
        per_gpu: Number of workers that share one GPU.
        note: Called with a line of text when workers have to wait.

    Attributes:
        workers: Number of workers that fit into the cluster.
    """

    def __init__(self, kind: str, per_gpu: int, note: Callable[[str], None]) -> None:
        self._kind = kind
        self._per_gpu = per_gpu
        self._note = note
        self._total = int(ray.cluster_resources().get(kind, 0))
        self._free = int(ray.available_resources().get(kind, 0.0) * per_gpu)
        self.workers = self._total * per_gpu
        self._coming: list[Any] = []  # Ray's references that a worker's start resolves
        self._since_s = time.monotonic()

    def check(self, workers: int) -> None:
        """Refuses more workers than the cluster has places, because they would wait for ever.

        Args:
            workers: Number of workers that are wanted.

        Raises:
            DeviceError: The cluster has fewer processors or GPUs.
        """
        if workers > self.workers:
            each = f" for {self._per_gpu} workers each" if self._per_gpu > 1 else ""
            plural = "s" if self._total != 1 else ""
            raise DeviceError(
                f"--workers {workers}: Ray has {self._total} {self._kind}{plural}{each}; ask for "
                "fewer workers"
            )

    def expect(self, workers: Iterable[Any]) -> None:
        """Watches the start of new workers if others held their places when they were made."""
        found = list(workers)
        if len(found) > self._free:
            self._coming = [worker.__ray_ready__.remote() for worker in found]
            self._since_s = time.monotonic()

    def look(self) -> None:
        """Notes, once, that workers wait for places that others hold."""
        if not self._coming or time.monotonic() - self._since_s < _PATIENCE_S:
            return
        _, waiting = ray.wait(self._coming, num_returns=len(self._coming), timeout=0)
        count, self._coming = len(self._coming), []
        if waiting:
            self._note(
                f"{len(waiting)} of {count} workers wait for a {self._kind}: others held "
                f"{self._total - self._free // self._per_gpu} of the cluster's {self._total} when "
                "the search began; wait until they are free, or stop the search and ask for fewer "
                "workers"
            )
