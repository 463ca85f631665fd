"""Workers as Ray actors, one a core or GPU, on this machine or a cluster."""

from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, Self

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError

from nas_tc._ray import check_processor, raised_line, ray_has_gpu, start_ray
from nas_tc.architecture import Architecture
from nas_tc.data import ImageData
from nas_tc.errors import DeviceError, NasTcError, first_line
from nas_tc.metric import AnyConfusion, Metric
from nas_tc.recipe import Recipe
from nas_tc.search.cluster_capacity import ClusterCapacity
from nas_tc.search.deadlines import Deadlines
from nas_tc.training import device_is_lost
from nas_tc.worker import (
    FrontTimingRequest,
    FrontTimingResult,
    LayersRequest,
    TimingRequest,
    TimingResult,
    TrainingResult,
    Worker,
)


class FailedError(RuntimeError):
    """A network could not be trained; the worker goes on."""


class LostError(FailedError):
    """The worker died while it trained a network, which need not be the network's fault."""


class Pool:
    """Workers that train; each has at most one network, with a key such as a trial's number.

    Args:
        data: Images; each node gets them once, and its workers share them.
        recipe: Recipe of the training.
        metric: Metric of the validation errors.
        device: "auto", "cpu" or "cuda".
        workers: Number of workers; None: `per_gpu` a GPU, or one a core.
        most: Greatest number of workers, as there is no more to do; None: no limit.
        address: Address of a running Ray cluster; None: Ray is started on this machine, unless the
            calling program has started it.
        per_gpu: Number of workers that share one GPU.
        alone: Whether training pauses while a worker measures times.
        note: Called with a line of text when workers wait for a place that others hold, or when Ray
            has to be started again.
        trial_timeout_s: Longest time that a worker may take to answer, seconds; None: by what
            earlier answers took, see `Deadlines`.

    Raises:
        DeviceError: There is no such cluster, it has fewer places than workers, or `per_gpu` is
            above 1 without a GPU.
    """

    def __init__(
        self,
        data: ImageData,
        recipe: Recipe,
        *,
        metric: Metric = Metric.ERROR,
        device: str = "auto",
        workers: int | None = None,
        most: int | None = None,
        address: str | None = None,
        per_gpu: int = 1,
        alone: bool = False,
        note: Callable[[str], None] = lambda _: None,
        trial_timeout_s: float | None = None,
    ) -> None:
        self.metric = metric
        self._deadlines = Deadlines(trial_timeout_s)
        self._idle: deque[Any] = deque()
        self._busy: dict[Hashable, Any] = {}  # workers by the key of their network
        self._calls: dict[Any, Hashable] = {}  # keys by Ray's reference of the running call
        self._starts: dict[Any, Any] = {}  # by worker, what Ray answers when it has started
        self._owns_ray = start_ray(address, workers, alone, note)
        try:
            local = self._owns_ray and address is None
            kind = "GPU" if device != "cpu" and ray_has_gpu(local=local) else "CPU"
            if kind == "CPU":
                check_processor(device, per_gpu)
            self._capacity = ClusterCapacity(kind, per_gpu, note)
            self.size = workers or max(1, self._capacity.workers)
            self._capacity.check(self.size)
            self.size = min(self.size, most or self.size)
            self._options = {
                "num_cpus": 0 if kind == "GPU" else 1,
                "num_gpus": 1 / per_gpu if kind == "GPU" else 0,
                "max_restarts": 0,
            }
            self.device = "cuda" if kind == "GPU" else "cpu"
            self._arguments = (ray.put(data), recipe, self.device)
            self._keywords = {"alone": alone, "sharers": per_gpu, "metric": metric}
            self._idle.extend(self._new_worker() for _ in range(self.size))
            self._capacity.expect(self._idle)
        except BaseException:
            self.close()
            raise

    @property
    def idle(self) -> int:
        """Number of workers without a network."""
        return len(self._idle)

    @property
    def busy(self) -> int:
        """Number of workers with a network."""
        return len(self._busy)

    def begin(
        self, key: Hashable, architecture: Architecture, seed: int, state: bytes | None = None
    ) -> None:
        """Gives a network to an idle worker, which trains it to its first rung, or from `state`."""
        worker = self._busy[key] = self._idle.popleft()
        self._calls[worker.begin.remote(architecture, seed, state)] = key

    def advance(self, key: Hashable) -> None:
        """Trains the network `key` to its next rung."""
        self._calls[self._busy[key].advance.remote()] = key

    def release(self, key: Hashable) -> None:
        """Takes the network `key` from its worker, which becomes idle."""
        self._idle.append(self._busy.pop(key))

    def drop(self, key: Hashable) -> None:
        """Ends the training of the network `key` wherever it is; a new worker becomes idle."""
        self._calls = {call: its for call, its in self._calls.items() if its != key}
        self._replace(key)
        self.release(key)

    def time(
        self, key: Hashable, request: TimingRequest | FrontTimingRequest | LayersRequest
    ) -> None:
        """Measures the times of a network on an idle worker."""
        worker = self._busy[key] = self._idle.popleft()
        self._calls[worker.time.remote(request)] = key

    def test(self, key: Hashable, architecture: Architecture, weights: bytes) -> None:
        """Tests a network on an idle worker, which answers with a confusion matrix."""
        worker = self._busy[key] = self._idle.popleft()
        self._calls[worker.test.remote(architecture, weights)] = key

    def next_result(self, timeout_s: float) -> tuple[Any, Any] | None:
        """The key of a network whose worker has answered, and the answer.

        A worker that died or lost its GPU is replaced, and its answer is a `LostError`. Any other
        exception in a worker becomes a `FailedError`.

        Args:
            timeout_s: Longest wait, seconds.

        Returns:
            A `TrainingResult`, a result of timing, a `Confusion` or an exception; None if no worker
            answers within `timeout_s`.

        Raises:
            DeviceError: A worker cannot start, and neither could the next one in its place.
        """
        if (hung := self._overdue()) is not None:
            return hung
        self._deadlines.watch(self._calls, self._starting())
        done, _ = ray.wait(list(self._calls), num_returns=1, timeout=timeout_s)
        self._capacity.look()
        if not done:
            return None
        key = self._calls.pop(done[0])
        self._deadlines.answered(done[0])
        try:
            answer: (
                TrainingResult | TimingResult | FrontTimingResult | AnyConfusion | FailedError
            ) = ray.get(done[0])
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
        """Ends all workers, and Ray if the pool has started it."""
        for worker in (*self._busy.values(), *self._idle):
            ray.kill(worker)
        if self._owns_ray:
            ray.shutdown()

    def _overdue(self) -> tuple[Any, LostError] | None:
        """The key of a network whose worker hangs, with the error; the worker is replaced.

        An answer that is there already counts: this process may have been suspended meanwhile.
        """
        call = self._deadlines.overdue()
        if call is None or ray.wait([call], timeout=0)[0]:
            return None
        key = self._calls.pop(call)
        self._replace(key)
        return key, LostError(f"the worker gave no answer within {self._deadlines.limit_s:.0f} s")

    def _starting(self) -> list[Any]:
        """The running calls of workers that have not started yet."""
        if not self._starts:
            return []
        starts = list(self._starts.values())
        _, left = ray.wait(starts, num_returns=len(starts), timeout=0)
        self._starts = {worker: start for worker, start in self._starts.items() if start in left}
        return [call for call, key in self._calls.items() if self._busy[key] in self._starts]

    def _replace(self, key: Hashable) -> None:
        """Ends the worker of the network `key`, and gives its place to a new one."""
        self._starts.pop(self._busy[key], None)
        ray.kill(self._busy[key])
        self._busy[key] = self._new_worker()

    def _new_worker(self) -> Any:
        options = ray.remote(Worker).options(**self._options)
        worker: Any = options.remote(*self._arguments, **self._keywords)
        self._starts[worker] = worker.__ray_ready__.remote()
        return worker


def _check_started(error: RayError) -> None:
    """Raises an error if a worker could not start at all; one that died at work passes.

    Args:
        error: Error that Ray raised for a worker.

    Raises:
        DeviceError: A worker could not start; with the message of our own error if it was one.
    """
    if isinstance(error, RayActorError) and error.actor_init_failed:
        # Ray keeps only the text of the exception's traceback.
        kind, _, reason = str(error).strip().splitlines()[-1].partition(": ")
        own = kind.startswith(f"{NasTcError.__module__}.")
        raise DeviceError(reason if own else f"a worker cannot start: {kind}: {reason}") from None


def error_line(error: RayTaskError) -> str:
    """The exception of a worker on one line: its type and the first line of its text.

    The further lines of a CUDA error are advice for those who compile torch.
    """
    cause = error.cause
    # A RayError as the cause stands for an exception that cannot be sent.
    if cause is not None and not isinstance(cause, RayError):
        return f"{type(cause).__name__}: {first_line(str(cause))}"
    return raised_line(str(error)) or first_line(str(error))
