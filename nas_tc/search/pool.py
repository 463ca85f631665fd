"""Workers as Ray actors, one a core or GPU, on this machine or a cluster."""

import re
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, Self

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError

from nas_tc._ray import ray_has_gpu, start_ray
from nas_tc.architecture import Architecture
from nas_tc.data import ImageData
from nas_tc.errors import DeviceError, NasTcError
from nas_tc.recipe import Recipe
from nas_tc.search.cluster_capacity import ClusterCapacity, check_processor
from nas_tc.training import device_is_lost
from nas_tc.worker import (
    FrontTimingRequest,
    FrontTimingResult,
    TimingRequest,
    TimingResult,
    TrainingResult,
    Worker,
)

_RAISED = re.compile(r"([A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt)): (.*)")


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
        workers: how many; None: `per_gpu` a GPU, or one a core.
        address: of a running Ray cluster; None: a Ray of our own on this machine, unless the
            calling program has started one.
        per_gpu: workers that share one GPU.
        alone: whether training stands back while a worker reads the clock.
        note: hears it when workers have to wait for what others of the cluster hold.

    Raises:
        DeviceError: no such cluster, more workers than it has room for, or a share of a GPU
            where there is none.
    """

    def __init__(
        self,
        data: ImageData,
        recipe: Recipe,
        *,
        device: str = "auto",
        workers: int | None = None,
        address: str | None = None,
        per_gpu: int = 1,
        alone: bool = False,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._idle: deque[Any] = deque()
        self._busy: dict[Hashable, Any] = {}  # what a worker is at
        self._calls: dict[Any, Hashable] = {}  # Ray's reference of a call to what it is about
        self._owns_ray = start_ray(address, workers, alone)
        try:
            local = self._owns_ray and address is None
            kind = "GPU" if device != "cpu" and ray_has_gpu(local=local) else "CPU"
            if kind == "CPU":
                check_processor(device, per_gpu)
            self._room = ClusterCapacity(kind, per_gpu, note)
            self.size = workers or max(1, self._room.workers)
            self._room.check(self.size)
            self._options = {
                "num_cpus": 0 if kind == "GPU" else 1,
                "num_gpus": 1 / per_gpu if kind == "GPU" else 0,
                "max_restarts": 0,
            }
            self.device = "cuda" if kind == "GPU" else "cpu"
            self._arguments = (ray.put(data), recipe, self.device)
            self._keywords = {"alone": alone, "sharers": per_gpu}
            self._idle.extend(self._new_worker() for _ in range(self.size))
            self._room.expect(self._idle)
        except BaseException:
            self.close()
            raise

    @property
    def idle(self) -> int:
        """Workers that have no network."""
        return len(self._idle)

    @property
    def busy(self) -> int:
        """Workers that have one."""
        return len(self._busy)

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

    def time(self, key: Hashable, request: TimingRequest | FrontTimingRequest) -> None:
        """Lets an idle worker measure times."""
        worker = self._busy[key] = self._idle.popleft()
        self._calls[worker.time.remote(request)] = key

    def test(self, key: Hashable, architecture: Architecture, weights: bytes) -> None:
        """Lets an idle worker measure the test error of a network."""
        worker = self._busy[key] = self._idle.popleft()
        self._calls[worker.test_error.remote(architecture, weights)] = key

    def next_result(self, timeout_s: float) -> tuple[Any, Any] | None:
        """The key of a network whose worker has answered, and the answer.

        A worker that died is replaced, and so is one whose GPU is of no more use to it; the answer
        is a `LostError`. Any other exception in a worker is answered as a `FailedError`.

        Returns:
            A training, timing or front timing result, a test error or an exception; None if nobody
            answers within `timeout_s`.

        Raises:
            DeviceError: a worker cannot start, as the next one in its place could not.
        """
        done, _ = ray.wait(list(self._calls), num_returns=1, timeout=timeout_s)
        self._room.look()
        if not done:
            return None
        key = self._calls.pop(done[0])
        try:
            answer: TrainingResult | TimingResult | FrontTimingResult | float | FailedError = (
                ray.get(done[0])
            )
        except RayTaskError as error:
            reason = error_line(error)
            if device_is_lost(reason):
                self._replace(key)
                answer = LostError(f"the device is lost to its worker: {reason}")
            else:
                answer = FailedError(reason)
        except RayError as error:  # a worker that died, ran out of memory, or whose node is gone
            _check_started(error)
            self._replace(key)
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

    def _replace(self, key: Hashable) -> None:
        """Ends the worker of the network `key`, and gives its place to a new one."""
        ray.kill(self._busy[key])
        self._busy[key] = self._new_worker()

    def _new_worker(self) -> Any:
        worker = ray.remote(Worker).options(**self._options)
        return worker.remote(*self._arguments, **self._keywords)


def _check_started(error: RayError) -> None:
    """Tells a worker that could not start from one that died at work.

    Raises:
        DeviceError: what stopped it, in the words of our own error if it was one.
    """
    if isinstance(error, RayActorError) and error.actor_init_failed:
        # Ray keeps no more of the exception than the text of its traceback.
        kind, _, reason = str(error).strip().splitlines()[-1].partition(": ")
        own = kind.startswith(f"{NasTcError.__module__}.")
        raise DeviceError(reason if own else f"a worker cannot start: {kind}: {reason}") from None


def error_line(error: RayTaskError) -> str:
    """The exception as it was in the worker: its type and the first line of its text.

    The lines that follow in an error of CUDA are advice to those who compile torch.
    """
    cause = error.cause
    if cause is not None and not isinstance(cause, RayError):  # Ray says so of what it cannot send
        return f"{type(cause).__name__}: {_first_line(str(cause))}"
    raised = [found for line in str(error).splitlines() if (found := _RAISED.match(line))]
    if not raised:
        return _first_line(str(error))
    name, text = raised[-1].groups()
    return f"{name.rpartition('.')[2]}: {text}"


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0]
