"""The one loop that keeps workers busy: trials, test errors and reruns are jobs in it."""

from collections.abc import Callable
from typing import Any, Protocol

_TICK_S = 1.0  # between two looks at Ctrl-C while no worker answers


class Workers(Protocol):
    """The part of a pool of workers that the loop uses."""

    @property
    def idle(self) -> int:
        """Number of workers without a job."""

    @property
    def busy(self) -> int:
        """Number of workers with one."""

    def next_result(self, timeout_s: float) -> tuple[Any, Any] | None:
        """The key of a job and its worker's answer; None after `timeout_s` without one."""


def run_jobs(
    workers: Workers,
    check: Callable[[], None],
    begin_next: Callable[[], bool],
    handle: Callable[[Any, Any], None],
    *,
    tick: Callable[[], None] = lambda: None,
) -> None:
    """Gives idle workers the next jobs and handles answers until no worker is busy.

    Args:
        workers: Pool of workers.
        check: Called between two steps; its exception ends the loop (`Interrupts.check`).
        begin_next: Gives the next job to an idle worker; returns False if there is none now.
        handle: Takes the key and the answer of a job; it releases the worker or calls it again.
        tick: Called once a round, before the wait for an answer.
    """
    while True:
        while workers.idle and begin_next():
            check()
        tick()
        if not workers.busy:
            return
        if answer := workers.next_result(_TICK_S):
            handle(*answer)
        check()


def wait_for_answer(
    next_result: Callable[[float], tuple[Any, Any] | None], check: Callable[[], None]
) -> Any:
    """The answer of the only job that is running.

    Args:
        next_result: As `Workers.next_result`.
        check: As for `run_jobs`.
    """
    while True:
        check()
        if answer := next_result(_TICK_S):
            return answer[1]
