"""Events of a search, and the interface of their listeners."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from nas_tc.architecture import Architecture
from nas_tc.metric import Metric
from nas_tc.study.trial import TrialRecord


@dataclass(frozen=True)
class RunningTrial:
    """A network that a worker times or trains."""

    number: int  # of the trial
    network: Architecture
    baseline: str | None  # family, if it is a known network
    is_timed: bool  # its time is measured; it is not yet trained
    began_s: float  # seconds of time.monotonic
    val_errors: Mapping[int, float] = field(default_factory=dict)  # so far, by epoch


@dataclass(frozen=True)
class Progress:
    """Progress of a search, in numbers of trials."""

    done: int  # trained to the end or pruned, in all runs of the study
    goal: int | None  # None: the search ends by the clock alone
    running: int
    pruned: int
    failed: int
    best: TrialRecord | None  # least validation error
    left_s: float | None  # expected time left, seconds; None before the first trial has ended
    metric: Metric = Metric.ERROR  # what the errors of trials are
    rejected: int = 0  # over a limit on time
    trials: tuple[RunningTrial, ...] = ()  # what is running, the oldest first
    trained: Sequence[TrialRecord] = ()  # trained to the end, baselines included
    front: Sequence[TrialRecord] = ()  # the best of them, cheapest first
    cost: str = "complexity"  # other axis of the front
    epochs: int = 0  # of a whole training
    images_per_s: float | None = None  # that all workers train on; None before a first rung


class Listener(Protocol):
    """Receives the events of a search, in the driver's thread."""

    def note(self, text: str) -> None:
        """Receives a message about the search: the budget, the data, a resume."""

    def progress(self, progress: Progress) -> None:
        """Receives the progress after each change, and about once a second."""

    def ended(self, trial: TrialRecord) -> None:
        """Receives a trial that has ended in whatever state."""


class NullListener:
    """A listener that ignores all events."""

    def note(self, text: str) -> None:
        """Ignores the message."""

    def progress(self, progress: Progress) -> None:
        """Ignores the progress."""

    def ended(self, trial: TrialRecord) -> None:
        """Ignores the trial."""
