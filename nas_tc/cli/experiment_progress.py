"""The progress of an experiment on the screen: a live bar on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import Progress as Bar

from nas_tc._words import duration
from nas_tc.cli.console import percent
from nas_tc.cli.progress import bar_of

if TYPE_CHECKING:
    from nas_tc.experiment.run import Listener, Progress
    from nas_tc.experiment.trainings import Finished


@contextmanager
def listening() -> Iterator["Listener"]:
    """A listener that prints the progress: `Screen` on a terminal, `Lines` elsewhere."""
    if not sys.stdout.isatty():
        yield Lines()
        return
    with bar_of("trainings") as bar:
        yield Screen(bar)


class Lines:
    """Prints one line for each event, for logs and pipes."""

    def note(self, text: str) -> None:
        """Prints a message."""
        print(text, flush=True)

    def ended(self, name: str, seed: int, training: "Finished", progress: "Progress") -> None:
        """Prints the result of a training, and the expected time left."""
        left = f", {duration(progress.left_s)} left" if progress.left_s else ""
        text = f"{progress.done}/{progress.goal} {_ending(name, seed, training)}{left}"
        print(text, flush=True)


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
