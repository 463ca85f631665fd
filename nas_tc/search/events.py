"""What a search tells whoever watches it."""

from dataclasses import dataclass
from typing import Protocol

from nas_tc.study.trial import TrialRecord


@dataclass(frozen=True)
class Progress:
    """How far a search is."""

    done: int  # trained to the end or pruned, in all runs of the study
    goal: int
    running: int
    pruned: int
    failed: int
    best: TrialRecord | None  # least validation error
    left_s: float | None  # expected; None before anything is known


class Listener(Protocol):
    """Hears what a search does, in the driver's thread."""

    def note(self, text: str) -> None:
        """Something to say once: the budget, the data, a resume."""

    def progress(self, progress: Progress) -> None:
        """Called whenever something has changed, and about once a second."""

    def ended(self, trial: TrialRecord) -> None:
        """A trial has come to its end, whichever."""


class NullListener:
    """A listener that does nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def progress(self, progress: Progress) -> None:
        """Nothing."""

    def ended(self, trial: TrialRecord) -> None:
        """Nothing."""
