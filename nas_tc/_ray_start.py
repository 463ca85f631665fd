"""The start of a Ray of our own: few processes, and patience where the machine is busy."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import ray

from nas_tc.errors import DeviceError, reason

_STARTS = 3
_SLOW_S = 20.0  # a start that fails later has waited in vain, which a busy machine explains
_WAIT_S = 120.0  # for the raylet to answer
# What Ray's processes read: limits in place of 30 and 60 s; and that no process waits on each core
# for work, since a GPU machine has many cores and a search on it few workers.
VARIABLES = {
    "RAY_prestart_worker_first_driver": "0",
    "RAY_gcs_server_port_wait_time_s": "120",
    "RAY_agent_register_timeout_ms": "300000",
    "RAY_worker_register_timeout_seconds": "300",
}
# They are the server of the dashboard, which also runs without a dashboard, the autoscaler, and
# what sends the lines of workers to the driver. Each takes 100 MB and a second of a processor.
_UNNEEDED = ("start_api_server", "start_monitor", "start_log_monitor")
# Ports of an agent that Ray's basic installation does not open: it says -1 of them.
_NO_PORTS = ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port")


def start_local(note: Callable[[str], None], **options: Any) -> None:
    """Starts Ray on this machine, without processes that nothing here asks for anything.

    Ray gives up where one of its processes does not answer in time, as happens on a machine with
    many more programs than cores. What was started until then is ended, and Ray started again.

    Args:
        note: Called with a line of text before Ray is started again.
        **options: Options of `ray.init`.

    Raises:
        DeviceError: Ray does not start: its folder, its disk or a limit is too small, or it was too
            slow three times.
    """
    for start in range(1, _STARTS + 1):
        began_s = time.monotonic()
        try:
            with _changed_ray():
                ray.init(address="local", include_dashboard=False, **options)
        except Exception as error:
            # Ray raises a plain Exception where one of its processes did not start in time.
            if not isinstance(error, (OSError, RuntimeError)) and type(error) is not Exception:
                raise
            took_s = time.monotonic() - began_s
            if took_s < _SLOW_S or start == _STARTS:
                raise _no_room(error, start) from None
            note(f"Ray did not start within {took_s:.0f} s; starting it again")
        else:
            return


@contextmanager
def _changed_ray() -> Iterator[None]:
    """Starts Ray as it is best here; ends the processes of one that could not be started."""
    node, services = ray._private.node.Node, ray._private.services
    started: list[Any] = []
    with ExitStack() as stack:
        for name in _UNNEEDED:
            stack.enter_context(_replaced(node, name, lambda _, *__, **___: None))
        stack.enter_context(_replaced(services, "get_node", _look_again))
        stack.enter_context(_replaced(node, "start_head_processes", partial(_start_head, started)))
        try:
            yield
        except BaseException:
            for each in started:  # Ray itself leaves them running
                each.kill_all_processes(check_alive=False, allow_graceful=False)
            raise


@contextmanager
def _replaced(owner: Any, name: str, function: Callable[..., Any]) -> Iterator[None]:
    """Puts a function, which gets the original one first, in the place of one of Ray's."""
    original = getattr(owner, name, None)
    if original is None:  # another version of Ray
        yield
        return

    def replacement(*args: Any, **keywords: Any) -> Any:
        return function(original, *args, **keywords)

    setattr(owner, name, replacement)
    try:
        yield
    finally:
        setattr(owner, name, original)


def _start_head(started: list[Any], start: Callable[[Any], None], node: Any) -> None:
    """Starts Ray's processes; the raylet is told of the ports of its agents beforehand.

    The agents are two programs in Python that nothing here needs. Where they have not opened their
    ports within 15 s, the raylet ends itself.
    """
    started.append(node)
    if getattr(node._ray_params, "runtime_env_agent_port", None) == 0:
        node._ray_params.runtime_env_agent_port = node._get_unused_port()
    if hasattr(ray._raylet, "persist_port"):
        for name in _NO_PORTS:
            ray._raylet.persist_port(node._session_dir, node._node_id, name, -1)
    start(node)


def _look_again(look: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    """What Ray knows of its node, as soon as the raylet has answered; Ray itself waits for 30 s."""
    end_s = time.monotonic() + _WAIT_S
    while True:
        try:
            return look(*args, **keywords)
        except RuntimeError:  # the raylet has not answered yet
            if time.monotonic() > end_s:
                raise
        time.sleep(0.2)


def _no_room(error: Exception, starts: int) -> DeviceError:
    """The error for a Ray that does not start."""
    filename = getattr(error, "filename", None)
    where = f"{filename}: " if filename else ""
    often = f" ({starts} times); try again when this machine is less busy" if starts > 1 else ""
    return DeviceError(
        f"Ray cannot start: {where}{reason(error).rstrip('.')}{often}; let RAY_TMPDIR name a "
        "writable folder with a short path (40 characters at most) and some GB of room, and HOME a "
        "writable folder"
    )
