"""What SIGINT, SIGTERM and SIGHUP do to a command."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

INTERRUPTED = 130  # exit code
_MOMENT_S = 0.01
_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


def interrupt_on_signals() -> None:
    """A signal raises `KeyboardInterrupt`: a polite kill ends a command as Ctrl-C does.

    One that is raised in the callback of a weak reference, or in a `__del__`, would only be
    printed, since Python lets no exception out of there. It is raised again a moment later.
    """
    _handle(_interrupt)
    sys.unraisablehook = _raise_interrupts_again


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


class _Hook:
    """What goes on in `sys.unraisablehook`, out of which no exception gets either."""

    runs = False
    has_missed = False  # a signal while it ran


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    if _Hook.runs:
        _Hook.has_missed = True
    else:
        raise KeyboardInterrupt


def _raise_interrupts_again(unraisable: "sys.UnraisableHookArgs") -> None:
    """Takes what Python cannot raise: an interrupt comes again, all else is printed as usual."""
    _Hook.runs = True
    try:
        _Hook.has_missed = isinstance(unraisable.exc_value, KeyboardInterrupt)
        if not _Hook.has_missed:
            sys.__unraisablehook__(unraisable)
        if _Hook.has_missed:
            with suppress(RuntimeError):  # the program ends, and begins no threads any more
                threading.Thread(target=_signal_main_thread, daemon=True).start()
    finally:
        _Hook.runs = False


def _signal_main_thread() -> None:
    """Sends the signal a moment later, when no hook runs: on a busy machine one takes its time."""
    time.sleep(_MOMENT_S)
    while _Hook.runs:
        time.sleep(_MOMENT_S)
    number = next((each for each in _SIGNALS if callable(signal.getsignal(each))), None)
    if number is not None:
        signal.pthread_kill(threading.main_thread().ident or 0, number)


def _exit(_signal: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)
