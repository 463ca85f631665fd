"""Ray, started on this machine or joined on a cluster."""

import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import ray
import torch

from nas_tc._files import as_text
from nas_tc._ray_start import VARIABLES, start_local
from nas_tc.errors import DeviceError
from nas_tc.training import choose_device

_CONNECT_S = 5
_RAISED = re.compile(r"([A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt)): (.*)")
_MOST_A_CORE = 8  # workers
# Workers take memory from the jemalloc that Ray brings along, in huge pages that are kept;
# trainings are faster than with glibc: docs/training.md has the figures.
FAST_MEMORY = {
    "RAY_LD_PRELOAD_ON_WORKERS": "1",
    "MALLOC_CONF": "thp:always,dirty_decay_ms:-1,muzzy_decay_ms:-1",
}


def start_ray(
    address: str | None,
    workers: int | None,
    clocked: bool = False,
    note: Callable[[str], None] = lambda _: None,
) -> bool:
    """Starts Ray on this machine or joins a cluster, unless the calling program has done so.

    The handler of SIGTERM, which Ray replaces, is taken back.

    Args:
        address: of a running cluster; None: a Ray of our own.
        workers: processes that it needs room for.
        clocked: whether they read the clock: their memory is then the system's own.
        note: called with a line of text where Ray has to be started again.

    Returns:
        Whether Ray is ours now, to be shut down.

    Raises:
        DeviceError: no such cluster, far more workers than this machine has cores, or Ray does not
            start.
    """
    if address is not None:
        _check_reachable(address)
    if ray.is_initialized():
        return False
    with own_sigterm(), _command_as_text():
        _init_ray(address, workers, {} if clocked else FAST_MEMORY, note)
    _silence_messages()
    return True


def _silence_messages() -> None:
    """Keeps Ray from printing hundreds of lines of its log where one of its processes has died."""
    if hasattr(ray._private.worker, "print_to_stdstream"):
        ray._private.worker.print_to_stdstream = lambda *_, **__: None


@contextmanager
def own_sigterm() -> Iterator[None]:
    """Keeps this program's handler of SIGTERM while Ray starts, which takes seconds.

    Ray would set one of its own that raises `SystemExit` wherever Python is, and a signal in the
    meantime would be lost in Ray's own `except` clauses.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    on_terminate = signal.getsignal(signal.SIGTERM)
    set_handler = getattr(ray._private.utils, "set_sigterm_handler", None)
    if set_handler is not None:
        ray._private.utils.set_sigterm_handler = lambda _handler: None
    try:
        yield
    finally:
        if set_handler is not None:
            ray._private.utils.set_sigterm_handler = set_handler
        if in_main_thread:  # whatever a later Ray does
            signal.signal(signal.SIGTERM, on_terminate)


@contextmanager
def _command_as_text() -> Iterator[None]:
    """Lets Ray, which keeps this program's command, start where a name in it is no UTF-8."""
    command = getattr(ray._private.utils, "get_entrypoint_name", None)
    if command is not None:
        ray._private.utils.get_entrypoint_name = lambda: as_text(str(command()))
    try:
        yield
    finally:
        if command is not None:
            ray._private.utils.get_entrypoint_name = command


def ray_has_gpu(*, local: bool) -> bool:
    """Whether Ray's workers can use a GPU.

    Ray counts the GPUs that the driver knows; torch may be built without them.

    Args:
        local: whether all workers run on this machine, in this installation.
    """
    counted = ray.cluster_resources().get("GPU", 0) >= 1
    return bool(counted and (not local or torch.cuda.is_available()))


def check_processor(device: str, per_gpu: int = 1) -> None:
    """Refuses settings that need a GPU, before any worker starts on the processor.

    Args:
        device: "auto", "cpu" or "cuda".
        per_gpu: Number of workers that share one GPU.

    Raises:
        DeviceError: The device is "cuda" and Ray counts no GPU, or `per_gpu` is above 1 without a
            GPU.
    """
    choose_device(device)
    if device == "cuda":
        raise DeviceError(
            "device 'cuda': torch sees a GPU here, but Ray counts none for its workers; start the "
            "Ray cluster with --num-gpus, see what CUDA_VISIBLE_DEVICES holds, or use --device cpu"
        )
    if per_gpu > 1:
        raise DeviceError(
            f"--per-gpu {per_gpu}: networks share a GPU, and none is used here; leave the option "
            "out to train one network a core"
        )


def visible_instances() -> int | None:
    """Number of instances of divided GPUs (MIG) in CUDA_VISIBLE_DEVICES; None if it names none.

    Ray counts no more of them than there are whole GPUs.
    """
    named = {each.strip() for each in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")}
    return len(named) if all(each.startswith("MIG-") for each in named) else None


def raised_line(text: str) -> str | None:
    """The last exception that a traceback names: its type and the first line of its text.

    Args:
        text: Traceback, or the text of an error that holds one.

    Returns:
        The line; None if the text names no exception.
    """
    raised = [found for line in text.splitlines() if (found := _RAISED.match(line))]
    if not raised:
        return None
    name, first = raised[-1].groups()
    return f"{name.rpartition('.')[2]}: {first}"


def _init_ray(
    address: str | None,
    workers: int | None,
    variables: Mapping[str, str],
    note: Callable[[str], None],
) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    common: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        affinity = getattr(os, "sched_getaffinity", None)
        cores = len(affinity(0)) if affinity else os.cpu_count() or 1
        if workers is not None and workers > _MOST_A_CORE * cores:
            most = _MOST_A_CORE * cores
            raise DeviceError(
                f"--workers {workers}: {most} are the most for {cores} processor cores, since each "
                f"takes half a gigabyte; ask for {most} or fewer, or leave the option out"
            )
        # More workers than cores is slow, but the user's choice; Ray would let them wait for ever.
        cpus = max(workers or 1, cores)
        with environment_with({**VARIABLES, **variables}):
            start_local(note, num_cpus=cpus, num_gpus=visible_instances(), **common)
        return
    try:
        ray.init(address=address, **common)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise _no_cluster(address, error) from None


@contextmanager
def environment_with(wanted: Mapping[str, str]) -> Iterator[None]:
    """These variables for the processes that are started meanwhile, where the user has set none."""
    added = [name for name in wanted if name not in os.environ]
    os.environ.update({name: wanted[name] for name in added})
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


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
    why = getattr(error, "strerror", None) or str(error).strip().splitlines()[0]
    return DeviceError(
        f"no Ray cluster at {address!r}: {why}; start one with 'ray start --head', set "
        "RAY_AUTH_MODE=token if it asks for a token, or leave --ray-address out"
    )
