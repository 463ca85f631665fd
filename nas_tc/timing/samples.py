"""Samples of a run, with those of the machine's pace beside them, and what they come to."""

import time
from dataclasses import dataclass, field
from statistics import median

from nas_tc.timing.baseline_speed import Beside, Pace
from nas_tc.timing.clock import LOW_QUARTILE, Clock, Run
from nas_tc.timing.estimate import Estimate, estimate, quantile_of

FEWEST = 20  # samples, however long they take
_ALIKE = 4.0  # runs that differ by less than this factor feel the machine alike


def are_alike(own_ms: float, other_ms: float) -> bool:
    """Whether two that take turns feel the machine alike, so that their ratio needs no pace."""
    return max(own_ms, other_ms) <= _ALIKE * min(own_ms, other_ms)


@dataclass(slots=True)
class Samples:
    """Milliseconds of a run, in the order in which they were taken, and pacemakers beside it."""

    own: list[float] = field(default_factory=list)
    beside: Beside | None = None

    @property
    def slowness(self) -> float:
        """How many times as long as in calm the pacemakers took; 1 where there are none."""
        if self.beside is None:
            return 1.0
        return self.beside.slowness(quantile_of(self.own, LOW_QUARTILE))


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
        if self.pace is None:
            return False
        if samples.beside is None:
            samples.beside = Beside(self.pace, [ms])
        return samples.beside.follow([ms])

    def estimate(self, samples: Samples) -> Estimate:
        """What they come to, at the machine's calm pace if it is known."""
        return estimate(samples.own, self.quantile).times(1 / samples.slowness)

    def relative_slowness(self, own: Samples, other: Samples) -> float:
        """By how much more of their calm pace one run takes at the moment than another.

        Exactly 1 for runs of about the same length that took turns: they feel the machine alike.
        """
        if are_alike(median(own.own), median(other.own)):
            return 1.0
        return own.slowness / other.slowness
