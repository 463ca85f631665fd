"""What SIGINT, SIGTERM and SIGHUP do to a command."""

import os
import signal
from collections.abc import Callable
from types import FrameType

INTERRUPTED = 130  # exit code
_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


def interrupt_on_signals() -> None:
    """A signal raises `KeyboardInterrupt`: a polite kill ends a command as Ctrl-C does."""
    _handle(_interrupt)


def exit_on_signals() -> None:
    """A signal ends the process at once: for while libraries are imported, which swallow others."""
    _handle(_exit)


def ignore_signals() -> None:
    """Signals do nothing any more: for the last moments of a process."""
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)


def _handle(handler: Callable[[int, FrameType | None], None]) -> None:
    for each in _SIGNALS:
        if signal.getsignal(each) != signal.SIG_IGN:  # as nohup and background jobs have it
            signal.signal(each, handler)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _exit(_signal: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)
