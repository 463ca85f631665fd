"""Ctrl-C and SIGTERM, noted at once and obeyed between two steps."""

import signal
import threading
import time
from types import FrameType
from typing import Self

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
_PATIENCE_S = 10.0


class Interrupts:
    """Holds back Ctrl-C and SIGTERM until `check` is called.

    Python raises `KeyboardInterrupt` anywhere: in the middle of a transaction, or between a file
    and its trial. Within this context signals are only noted. One that comes ten seconds after the
    first, which has had no effect, is not held back.

    A signal that the program ignores, as background jobs of a shell ignore Ctrl-C, stays ignored.
    Outside the main thread, where Python takes no handlers, nothing is held back.
    """

    def __init__(self) -> None:
        self._asked = False
        self._first_s: float | None = None  # when the first signal came
        self._before: dict[int, signal._HANDLER] = {}

    def check(self) -> None:
        """Raises `KeyboardInterrupt` if a signal has arrived since the last call."""
        if self._asked:
            self._asked = False
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {
                each: signal.signal(each, self._note)
                for each in _SIGNALS
                if signal.getsignal(each) != signal.SIG_IGN
            }
        return self

    def __exit__(self, *_: object) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._first_s is not None and now - self._first_s > _PATIENCE_S:
            raise KeyboardInterrupt
        self._first_s = self._first_s or now
        self._asked = True
