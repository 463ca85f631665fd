"""Workers as Ray actors, one a core or GPU, on this machine or a cluster."""

import os
import signal
import socket
import threading
from collections import deque
from collections.abc import Hashable
from typing import Any, Self

import ray
from ray.exceptions import RayError, RayTaskError

from nas_tc.architecture import Architecture
from nas_tc.data import ImageData
from nas_tc.errors import DeviceError
from nas_tc.search.time_order import TimeOrder, TimeReport
from nas_tc.search.worker import Report, Worker
from nas_tc.training import Recipe, choose_device

_CONNECT_S = 5


class FailedError(RuntimeError):
    """A network could not be trained; the worker goes on."""


class LostError(FailedError):
    """The worker died under a network, which may not be the network's fault."""


class Pool:
    """Workers that train; each has at most one network, known by a key: a trial's number, say.

    Args:
        data: sent to each node once, and shared by its workers.
        recipe: of the training.
        device: "auto", "cpu" or "cuda".
        workers: how many; None: one a GPU, or one a core.
        address: of a running Ray cluster; None: a Ray of our own on this machine, unless the
            calling program has started one.
        alone: whether training stands back while a worker reads the clock.

    Raises:
        DeviceError: no such cluster, or more workers than it has room for.
    """

    def __init__(
        self,
        data: ImageData,
        recipe: Recipe,
        *,
        device: str = "auto",
        workers: int | None = None,
        address: str | None = None,
        alone: bool = False,
    ) -> None:
        self._idle: deque[Any] = deque()
        self._busy: dict[Hashable, Any] = {}  # what a worker is at
        self._calls: dict[Any, Hashable] = {}  # Ray's reference of a call to what it is about
        if address is not None:
            _check_reachable(address)
        self._owns_ray = not ray.is_initialized()
        if self._owns_ray:
            _start_ray(address, workers)
        try:
            kind = "GPU" if device != "cpu" and _has("GPU") else "CPU"
            if kind == "CPU":
                choose_device(device)  # "cuda" without a GPU is refused here, not in a worker
            self.size = workers or max(1, int(ray.cluster_resources().get(kind, 1)))
            self._check_room(kind)
            self._options = {
                "num_cpus": 0 if kind == "GPU" else 1,
                "num_gpus": 1 if kind == "GPU" else 0,
                "max_restarts": 0,
            }
            self.device = "cuda" if kind == "GPU" else "cpu"
            self._arguments = (ray.put(data), recipe, self.device)
            self._alone = alone
            self._idle.extend(self._new_worker() for _ in range(self.size))
        except BaseException:
            self.close()
            raise

    @property
    def idle(self) -> int:
        """Workers that have no network."""
        return len(self._idle)

    def begin(self, key: Hashable, architecture: Architecture, seed: int) -> None:
        """Gives a network, known as `key` from now on, to an idle worker, up to its first rung."""
        worker = self._busy[key] = self._idle.popleft()
        self._calls[worker.begin.remote(architecture, seed)] = key

    def advance(self, key: Hashable) -> None:
        """Lets the network `key` be trained to its next rung."""
        self._calls[self._busy[key].advance.remote()] = key

    def release(self, key: Hashable) -> None:
        """Takes the network `key` from its worker, which is idle then."""
        self._idle.append(self._busy.pop(key))

    def time(self, key: Hashable, order: TimeOrder) -> None:
        """Lets an idle worker read the clock."""
        worker = self._busy[key] = self._idle.popleft()
        self._calls[worker.time.remote(order)] = key

    def test(self, key: Hashable, architecture: Architecture, weights: bytes) -> None:
        """Lets an idle worker measure the test error of a network."""
        worker = self._busy[key] = self._idle.popleft()
        self._calls[worker.test_error.remote(architecture, weights)] = key

    def next_result(self, timeout_s: float) -> tuple[Any, Any] | None:
        """The key of a network whose worker has answered, and the answer.

        A worker that died is replaced; its answer is a `LostError`. An exception in a worker is
        answered as a `FailedError`.

        Returns:
            A `Report`, a `TimeReport`, a test error or an exception; None if nobody answers
            within `timeout_s`.
        """
        done, _ = ray.wait(list(self._calls), num_returns=1, timeout=timeout_s)
        if not done:
            return None
        key = self._calls.pop(done[0])
        try:
            answer: Report | TimeReport | float | FailedError = ray.get(done[0])
        except RayTaskError as error:
            answer = FailedError(_last_line(error))
        except RayError as error:  # a worker that died, ran out of memory, or whose node is gone
            ray.kill(self._busy[key])
            self._busy[key] = self._new_worker()
            answer = LostError(f"the worker died: {str(error).splitlines()[0]}")
        return key, answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends all workers, and Ray if it is ours."""
        for worker in (*self._busy.values(), *self._idle):
            ray.kill(worker)
        if self._owns_ray:
            ray.shutdown()

    def _new_worker(self) -> Any:
        return (
            ray.remote(Worker).options(**self._options).remote(*self._arguments, alone=self._alone)
        )

    def _check_room(self, kind: str) -> None:
        room = int(ray.cluster_resources().get(kind, 0))
        if self.size > room:
            raise DeviceError(
                f"--workers {self.size}: Ray has {room} {kind}{'s' if room != 1 else ''}; ask for "
                "fewer workers"
            )


def _start_ray(address: str | None, workers: int | None) -> None:
    """Starts or joins Ray, and takes back the handler of SIGTERM, which Ray replaces."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    on_terminate = signal.getsignal(signal.SIGTERM)
    try:
        _init_ray(address, workers)
    finally:
        if in_main_thread:
            signal.signal(signal.SIGTERM, on_terminate)


def _init_ray(address: str | None, workers: int | None) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    common: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        # More workers than cores is slow, but the user's choice; Ray would let them wait for ever.
        cpus = max(workers or 1, cores or 1)
        ray.init(address="local", num_cpus=cpus, include_dashboard=False, **common)
        return
    try:
        ray.init(address=address, **common)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise _no_cluster(address, error) from None


def _check_reachable(address: str) -> None:
    """Ray itself takes a minute, and many lines, to find out that nobody is there.

    Raises:
        DeviceError: no connection to the host and port of `address`, if it has them.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        try:
            socket.create_connection((host, int(port)), timeout=_CONNECT_S).close()
        except (OSError, OverflowError) as error:
            raise _no_cluster(address, error) from None


def _no_cluster(address: str, error: Exception) -> DeviceError:
    reason = getattr(error, "strerror", None) or str(error).strip().splitlines()[0]
    return DeviceError(
        f"no Ray cluster at {address!r}: {reason}; start one with 'ray start --head', set "
        "RAY_AUTH_MODE=token if it asks for a token, or leave --ray-address out"
    )


def _has(kind: str) -> bool:
    return bool(ray.cluster_resources().get(kind, 0) >= 1)


def _last_line(error: RayTaskError) -> str:
    """The exception as it was in the worker, on one line."""
    cause = error.cause if error.cause is not None else error
    return (
        f"{type(cause).__name__.removeprefix('RayTaskError(').rstrip(')')}: "
        + (str(cause).strip().splitlines() or [""])[-1]
    )
