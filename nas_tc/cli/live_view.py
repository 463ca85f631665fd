"""The live view of a search on a terminal: what ends scrolls above a panel that is drawn anew."""

import signal
import threading
import time
from collections import deque
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import ConsoleDimensions, Group
from rich.control import Control
from rich.live import Live
from rich.text import Text

from nas_tc._words import duration
from nas_tc.cli.console import Screen
from nas_tc.cli.live_panel import panel
from nas_tc.cli.trial_words import ending, network_names

if TYPE_CHECKING:
    from rich.console import RenderableType

    from nas_tc.search import Progress
    from nas_tc.study import TrialRecord

_EVERY_S = 0.5  # between two drawings


class LiveView:
    """A listener that prints notes and endings, and keeps a panel below them.

    The panel is drawn twice a second by a thread, so that it follows the size of the terminal while
    nothing happens. When the width changes, terminals break the lines that are there in ways of
    their own. So the screen is cleared then, and its last lines are printed again. In the end the
    panel goes, and the lines above it stay.

    Args:
        screen: The terminal.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._metric = "error"
        self._name = network_names()
        self._progress: Progress | None = None
        self._began_s = self._told_s = time.monotonic()
        self._printed: deque[tuple[str, bool]] = deque(maxlen=200)  # and whether they are cropped
        self._size = screen.size
        self._live = self._new_live()
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._draw_on, daemon=True)
        self._before: signal._HANDLER = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGCONT, self._continued)
        self._live.start(refresh=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        with self._lock:
            self._follow_size()
            self._live.stop()
        if self._before is not None:
            signal.signal(signal.SIGCONT, self._before)

    def note(self, text: str) -> None:
        """Prints a message above the panel."""
        self._print(text, is_cropped=False)

    def progress(self, progress: "Progress") -> None:
        """Draws the panel anew."""
        with self._lock:
            self._progress, self._told_s = progress, time.monotonic()
            self._metric = progress.metric.words

    def ended(self, trial: "TrialRecord") -> None:
        """Prints the result of a trial above the panel."""
        self._print(ending(trial, self._name.now(trial), self._metric), is_cropped=True)

    def _print(self, text: str, *, is_cropped: bool) -> None:
        with self._lock:
            self._follow_size()
            self._printed.append((text, is_cropped))
            self._print_line(text, is_cropped=is_cropped)

    def _print_line(self, text: str, *, is_cropped: bool) -> None:
        if is_cropped:
            self._screen.print(text, overflow="ellipsis", no_wrap=True)
        else:
            self._screen.print(text)

    def _new_live(self) -> Live:
        return Live(
            get_renderable=self._panel,
            console=self._screen,
            auto_refresh=False,
            transient=True,
            vertical_overflow="crop",
        )

    def _continued(self, _signal: int, _frame: FrameType | None) -> None:
        """After Ctrl-Z and fg other lines are on the screen."""
        self._size = ConsoleDimensions(0, 0)

    def _draw_on(self) -> None:
        while not self._ended.wait(_EVERY_S):
            with self._lock:
                self._follow_size()
                self._live.refresh()

    def _follow_size(self) -> None:
        """Draws all of the screen anew if its size is another."""
        size = self._screen.size
        if size == self._size:
            return
        self._size = size
        self._live.stop()
        self._screen.control(Control.home(), Control.clear())
        for text, is_cropped in list(self._printed)[-max(1, size.height // 2) :]:
            self._print_line(text, is_cropped=is_cropped)
        self._live = self._new_live()
        self._live.start(refresh=True)

    def _panel(self) -> "RenderableType":
        """The panel as it is at the moment."""
        now = time.monotonic()
        elapsed_s = now - self._began_s
        if self._progress is None:
            return Text(f"working, {duration(elapsed_s)}", no_wrap=True, overflow="ellipsis")
        lines = panel(
            self._progress,
            elapsed_s,
            now - self._told_s,
            *self._size,
            ascii_only=self._screen.options.ascii_only,
        )
        return Group(*lines)
