"""The progress of an experiment on the screen: a live bar on a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from nas_tc._words import duration
from nas_tc.cli.console import console, percent

if TYPE_CHECKING:
    from nas_tc.experiment.run import Listener, Progress
    from nas_tc.experiment.trainings import Finished


def _bar(screen: Console) -> Bar:
    """A bar that counts trainings, with a text behind it; it is gone in the end."""
    return Bar(
        TextColumn("trainings"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        console=screen,
        transient=True,
    )


@contextmanager
def listening(*, as_json: bool = False, is_silent: bool = False) -> Iterator["Listener"]:
    """A listener that prints the progress: `Screen` on a terminal, `Lines` elsewhere.

    Args:
        as_json: Whether standard output is for JSON: the progress goes to standard error.
        is_silent: Whether nothing is printed.
    """
    screen = console(as_json=as_json, quiet=is_silent)
    if is_silent or not screen.file.isatty():
        yield Lines(screen)
        return
    with _bar(screen) as bar:
        yield Screen(bar)


class Lines:
    """Prints one line for each event, for logs and pipes.

    Args:
        screen: Where to.
    """

    def __init__(self, screen: Console) -> None:
        self._screen = screen

    def note(self, text: str) -> None:
        """Prints a message."""
        self._screen.print(text)
        self._screen.file.flush()

    def ended(self, name: str, seed: int, training: "Finished", progress: "Progress") -> None:
        """Prints the result of a training, and the expected time left."""
        left = f", {duration(progress.left_s)} left" if progress.left_s else ""
        self.note(f"{progress.done}/{progress.goal} {_ending(name, seed, training)}{left}")


class Screen:
    """Shows a bar at the bottom, above which the results of trainings scroll."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)

    def note(self, text: str) -> None:
        """Prints a message above the bar."""
        self._bar.console.print(text)

    def ended(self, name: str, seed: int, training: "Finished", progress: "Progress") -> None:
        """Prints the result of a training above the bar."""
        self._bar.console.print(_ending(name, seed, training))
        left = f"{duration(progress.left_s)} left" if progress.left_s else ""
        self._bar.update(self._task, completed=progress.done, total=progress.goal, description=left)


def _ending(name: str, seed: int, training: "Finished") -> str:
    """The result of a training in one line."""
    if training.failure is not None:
        return f"{name}, seed {seed}, failed: {training.failure}"
    last = training.rungs[-1]
    return (
        f"{name}, seed {seed}: validation error {percent(last.val_error)}, test error "
        f"{percent(training.test_error)}, {last.train_s:.0f} s"
    )
