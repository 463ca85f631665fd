"""Runs a long command in a child process, which may be ended from outside.

Where Ray's raylet or GCS dies, Ray ends its driver at once, without an exception that Python could
handle. So `nas-tc search` is two processes: the child does all the work, and the parent starts it
again, as a user would. It goes on where it was, because a search resumes. The parent hands signals
on, and ends what Ray has left behind.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from nas_tc.cli.signals import INTERRUPTED, exit_on_signals, ignore_signals

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_DEATHS = 3  # of children that lived for less than `_LONG_S`, after which it is given up
_LONG_S = 600.0
_GRACE_S = 5.0  # for Ray's processes to end by themselves
_PATIENCE_S = 10.0  # after a first signal; a later one then kills
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of Linux

_began_s: float | None = None


def started_s() -> float:
    """When the command was started, by `time.monotonic`: now, or before its first child."""
    return time.monotonic() if _began_s is None else _began_s


def supervise(run: Callable[[], int]) -> int:
    """Runs a function in a child process, and again if the child is ended from outside.

    Call it in a process with a single thread, before heavy libraries are loaded.

    Args:
        run: Function that does the work. Its value is the exit code; when it is called again, it
            goes on where it was.

    Returns:
        Exit code of this process.
    """
    global _began_s  # noqa: PLW0603 - children find it there
    _began_s = time.monotonic()
    _reap_orphans()
    parent = _Parent()
    deaths = 0
    while True:
        began = time.monotonic()
        ended, status = parent.run(run)
        _end_orphans()
        code = os.waitstatus_to_exitcode(status)
        if parent.is_asked and (code < 0 or not ended):
            return INTERRUPTED
        if ended:
            return code if code >= 0 else 1
        deaths = 1 if time.monotonic() - began > _LONG_S else deaths + 1
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        _leave_panel()
        if code == -signal.SIGKILL or deaths >= _DEATHS:
            _tell(f"the process was killed ({how}); run the same command again: it goes on")
            return 128 - code if code < 0 else 1
        _tell(f"Ray has ended the process ({how}): a process of Ray was killed; starting it again")


class _Parent:
    """The process that waits for the child and hands signals on to it."""

    def __init__(self) -> None:
        self._child: int | None = None
        self._asked_at: float | None = None

    @property
    def is_asked(self) -> bool:
        """Whether the user has asked to stop."""
        return self._asked_at is not None

    def run(self, run: Callable[[], int]) -> tuple[bool, int]:
        """Runs the function once, in a child.

        Args:
            run: Function to run.

        Returns:
            Whether the child has ended by itself, and its status.
        """
        told, tell = os.pipe()  # the child says that it ends by itself
        watched, alive = os.pipe()  # the child sees that the parent is gone
        sys.stdout.flush()
        sys.stderr.flush()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (*_SIGNALS, signal.SIGTSTP))
        child = os.fork()
        if child == 0:
            os.close(told)
            os.close(alive)
            os.setpgid(0, 0)  # a terminal's Ctrl-C comes through the parent, once
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            threading.Thread(target=_die_with, args=(watched,), daemon=True).start()
            _child(run, tell)
        os.close(tell)
        os.close(watched)
        self._child = child
        for each in _SIGNALS:
            if signal.getsignal(each) != signal.SIG_IGN:  # as nohup and background jobs have it
                signal.signal(each, self._hand_on)
        signal.signal(signal.SIGTSTP, self._stop)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        status = _wait_for(child)
        self._child = None
        with os.fdopen(told, "rb") as answer:
            ended = bool(answer.read(1))
        os.close(alive)
        return ended, status

    def _hand_on(self, number: int, _frame: FrameType | None) -> None:
        """Gives a signal to the child; kills it if an earlier signal has had no effect."""
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
        elif now - self._asked_at > _PATIENCE_S:
            number = signal.SIGKILL
        if self._child is not None:
            with suppress(ProcessLookupError):
                os.kill(self._child, number)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        """Ctrl-Z: stops the child, then this process; goes on with it when that is continued."""
        if self._child is not None:
            with suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGSTOP)
        _leave_panel()
        os.kill(os.getpid(), signal.SIGSTOP)
        if self._child is not None:
            with suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGCONT)


def _child(run: Callable[[], int], tell: int) -> NoReturn:
    """The child's whole life."""
    exit_on_signals()
    try:
        code = run()
    finally:
        ignore_signals()  # Ray's farewell takes a second
        with suppress(OSError):
            os.write(tell, b"x")
    sys.exit(code)


def _die_with(watched: int) -> None:
    """Kills this process when the parent is gone, which holds the other end of the pipe."""
    with suppress(OSError):
        os.read(watched, 1)
    os.kill(os.getpid(), signal.SIGKILL)


def _wait_for(child: int) -> int:
    """The status of the child; orphans that end meanwhile are reaped, too."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            return status


def _leave_panel() -> None:
    """Shows a terminal's cursor again, on a new line: a child that has a live view hides it."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb":
            stream.write("\n\x1b[?25h")
            stream.flush()
            return


def _tell(text: str) -> None:
    print(f"nas-tc: {text}", file=sys.stderr, flush=True)


def _reap_orphans() -> None:
    """Lets processes whose parent dies become children of this one, where the system can."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def _end_orphans() -> None:
    """Waits for what Ray has left to end, and kills what does not."""
    end = time.monotonic() + _GRACE_S
    while time.monotonic() < end + _GRACE_S:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid:
            continue
        if time.monotonic() > end:
            for orphan in _children():
                with suppress(ProcessLookupError):
                    os.kill(orphan, signal.SIGKILL)
        time.sleep(0.05)


def _children() -> list[int]:
    """Ids of this process's children; none where there is no /proc."""
    try:
        text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    except OSError:
        return []
    return [int(each) for each in text.split()]
