"""The progress of a search on the screen: a live bar on a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from nas_tc._words import duration
from nas_tc.cli.console import console, percent

if TYPE_CHECKING:
    from nas_tc.search import Listener, Progress
    from nas_tc.study import TrialRecord


_SUMMARY_EVERY = 10  # trials


def bar_of(noun: str, screen: Console) -> Bar:
    """A bar that counts what `noun` names, with a text behind it; it is gone in the end."""
    return Bar(
        TextColumn(noun),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        console=screen,
        transient=True,
    )


@contextmanager
def listening(*, as_json: bool = False, is_silent: bool = False) -> Iterator["Listener"]:
    """A listener that prints a search's progress: `Screen` on a terminal, `Lines` elsewhere.

    Args:
        as_json: Whether standard output is for JSON: the progress goes to standard error.
        is_silent: Whether nothing is printed.
    """
    if is_silent:
        from nas_tc.search.events import NullListener  # noqa: PLC0415

        yield NullListener()
        return
    screen = console(as_json=as_json)
    if not screen.file.isatty():
        yield Lines(screen.file)
        return
    with bar_of("trials", screen) as bar:
        yield Screen(bar)


class _Networks:
    """Networks in words: with the size of their images as soon as they differ in that."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def name(self, trial: "TrialRecord") -> str:
        """The notation of a trial's network."""
        size = trial.architecture.resolution
        self._seen.add(size)
        return trial.network if len(self._seen) == 1 else f"{trial.network} at {size}"


class Lines:
    """Prints one line for each event, for logs and pipes.

    Args:
        file: Where to.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._metric = "error"
        self._networks = _Networks()
        self._done = 0

    def note(self, text: str) -> None:
        """Prints a message."""
        print(text, file=self._file, flush=True)

    def progress(self, progress: "Progress") -> None:
        """Prints a summary after every ten trials that have ended."""
        if progress.done // _SUMMARY_EVERY > self._done // _SUMMARY_EVERY:
            of_goal = "" if progress.goal is None else f"/{progress.goal}"
            self.note(f"{progress.done}{of_goal} trials: {_summary(progress)}")
        self._done = progress.done
        self._metric = progress.metric.words

    def ended(self, trial: "TrialRecord") -> None:
        """Prints the result of a trial."""
        self.note(_ending(trial, self._networks.name(trial), self._metric))


class Screen:
    """Shows a bar at the bottom, above which the results of trials scroll."""

    def __init__(self, bar: Bar) -> None:
        self._metric = "error"
        self._networks = _Networks()
        self._bar = bar
        self._task = bar.add_task("starting", total=None)

    def note(self, text: str) -> None:
        """Prints a message above the bar."""
        self._bar.console.print(text)

    def progress(self, progress: "Progress") -> None:
        """Redraws the bar."""
        self._metric = progress.metric.words
        self._bar.update(
            self._task,
            completed=progress.done,
            total=progress.goal,
            description=_summary(progress),
        )

    def ended(self, trial: "TrialRecord") -> None:
        """Prints the result of a trial above the bar."""
        self._bar.console.print(
            _ending(trial, self._networks.name(trial), self._metric),
            overflow="ellipsis",
            no_wrap=True,
        )


def _ending(trial: "TrialRecord", name: str, metric: str) -> str:
    """The result of a trial in one line; `name` is that of its network."""
    network = f"{trial.complexity:,} multiply-adds, {name}"
    if trial.baseline is not None:
        network = f"baseline {trial.baseline}, {network}"
    again = "" if trial.repeat_of is None else f" (the network of trial {trial.repeat_of} again)"
    if trial.state == "failed":
        return f"trial {trial.number} failed{again}: {trial.reason}: {network}"
    if trial.state == "rejected":
        return f"trial {trial.number} is over the budget: {trial.reason}: {network}"
    if trial.reason is not None:
        return f"trial {trial.number} stopped{again}, {trial.reason}: {network}"
    after = f"after {max(trial.val_errors, default=0)} epochs{again}"
    error = percent(trial.val_error)
    return f"trial {trial.number} {trial.state} {after}: {metric} {error}, {network}"


def _summary(progress: "Progress") -> str:
    """Counts of trials, the lowest validation error and the time that is left, in one line."""
    parts = [
        f"{progress.running} running",
        f"{progress.pruned} pruned",
    ]
    if progress.failed:
        parts.append(f"{progress.failed} failed")
    if progress.best is not None:
        parts.append(f"best {percent(progress.best.mean_val_error)}")
    if progress.left_s is not None and (progress.goal is None or progress.done < progress.goal):
        parts.append(f"{duration(progress.left_s)} left")
    return ", ".join(parts)
