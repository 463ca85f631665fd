"""Samples of a run, with those of the machine's pace beside them, and what they come to."""

import time
from dataclasses import dataclass, field
from statistics import median

from nas_tc.timing.clock import Clock, Run
from nas_tc.timing.estimate import Estimate, estimate
from nas_tc.timing.pace import Beside, Pace

FEWEST = 20  # samples, however long they take
_PULSE_MS = 8.0  # of a run's own time between two looks at the pace
_PULSE = 3.0  # or as many times the pacemaker's, if that is longer
ALIKE = 4.0  # runs that differ by less than this factor feel the machine alike


@dataclass(slots=True)
class Samples:
    """Milliseconds of a run, in the order in which they were taken, and pacemakers beside it."""

    own: list[float] = field(default_factory=list)
    beside: Beside | None = None
    since_ms: float = 0.0  # of the run's own time, since the last look at the pace

    @property
    def slowness(self) -> float:
        """How many times as long as in calm the pacemakers took; 1 where there are none."""
        return 1.0 if self.beside is None else self.beside.slowness()


@dataclass(frozen=True, slots=True)
class Sampler:
    """A clock, and what its samples stand for.

    Attributes:
        clock: to read.
        quantile: of the samples, that counts: a low one on a processor, where others only ever
            add time; the median on a GPU, which runs nothing else and whose clock moves to both
            sides.
        pace: that the figures are told at; None: as the clock has them.
    """

    clock: Clock
    quantile: float
    pace: Pace | None = None

    def sample(
        self,
        run: Run,
        count: int,
        most_s: float,
        fewest: int = FEWEST,
        samples: Samples | None = None,
    ) -> Samples:
        """So many more samples, or fewer, but `fewest`, if they take longer than `most_s`."""
        found = Samples() if samples is None else samples
        before = len(found.own)
        deadline = time.monotonic() + most_s
        while (taken := len(found.own) - before) < count and (
            taken < fewest or time.monotonic() < deadline
        ):
            if self.add(found, self.clock(run)):
                run()  # brings its own data back into the cache
        return found

    def again(self, run: Run) -> float:
        """Milliseconds of a run after one that is not counted: its data is in the cache."""
        run()
        return self.clock(run)

    def add(self, samples: Samples, ms: float) -> bool:
        """Takes in what a run took, and looks at the pace from time to time; whether it did."""
        samples.own.append(ms)
        samples.since_ms += ms
        if self.pace is None:
            return False
        longest_ms = 0.0 if samples.beside is None else samples.beside.longest_ms
        due = samples.since_ms >= max(_PULSE_MS, _PULSE * longest_ms)
        if due:
            self._look_at_pace(samples)
        return due

    def estimate(self, samples: Samples) -> Estimate:
        """What they come to, at the machine's calm pace if it is known."""
        self._see_pace(samples)
        return estimate(samples.own, self.quantile).times(1 / samples.slowness)

    def relative_slowness(self, own: Samples, other: Samples) -> float:
        """By how much more of their calm pace one run takes at the moment than another.

        Exactly 1 for runs of about the same length that took turns: they feel the machine alike.
        """
        longer, shorter = sorted((median(own.own), median(other.own)), reverse=True)
        if longer <= ALIKE * shorter:
            return 1.0
        self._see_pace(own)
        self._see_pace(other)
        return own.slowness / other.slowness

    def _see_pace(self, samples: Samples) -> None:
        """There must be one look at least."""
        if self.pace is not None and samples.beside is None:
            self._look_at_pace(samples)

    def _look_at_pace(self, samples: Samples) -> None:
        assert self.pace is not None
        if samples.beside is None:
            samples.beside = Beside(self.pace, [samples.own[-1]])
        samples.beside.look([samples.since_ms])
        samples.since_ms = 0.0
