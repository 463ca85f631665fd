"""The progress of a search on the screen: a live view on a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from nas_tc.cli.console import console
from nas_tc.cli.trial_words import ending, network_names, summary

if TYPE_CHECKING:
    from nas_tc.search import Listener, Progress
    from nas_tc.study import TrialRecord


_SUMMARY_EVERY = 10  # trials


@contextmanager
def listening(*, as_json: bool = False, is_silent: bool = False) -> Iterator["Listener"]:
    """A listener that prints a search's progress: `LiveView` on a terminal, `Lines` elsewhere.

    Args:
        as_json: Whether standard output is for JSON: the progress goes to standard error.
        is_silent: Whether nothing is printed.
    """
    if is_silent:
        from nas_tc.search.events import NullListener  # noqa: PLC0415

        yield NullListener()
        return
    from nas_tc.cli.live_view import LiveView  # noqa: PLC0415 - keeps nas-tc search --help quick

    screen = console(as_json=as_json)
    if screen.file.isatty() and not screen.is_dumb_terminal:
        with LiveView(screen) as view:
            yield view
    else:
        yield Lines(screen.file)


class Lines:
    """Prints one line for each event, for logs and pipes.

    Args:
        file: Where to.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._metric = "error"
        self._name = network_names()
        self._done = 0

    def note(self, text: str) -> None:
        """Prints a message."""
        print(text, file=self._file, flush=True)

    def progress(self, progress: "Progress") -> None:
        """Prints a summary after every ten trials that have ended."""
        if progress.done // _SUMMARY_EVERY > self._done // _SUMMARY_EVERY:
            of_goal = "" if progress.goal is None else f"/{progress.goal}"
            self.note(f"{progress.done}{of_goal} trials: {summary(progress)}")
        self._done = progress.done
        self._metric = progress.metric.words

    def ended(self, trial: "TrialRecord") -> None:
        """Prints the result of a trial."""
        self.note(ending(trial, self._name.now(trial), self._metric))
