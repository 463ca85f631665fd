"""Samples of a run, with those of the machine's pace beside them, and what they come to."""

import time
from dataclasses import dataclass, field

from nas_tc.timing.clock import Clock, Run
from nas_tc.timing.estimate import Estimate, estimate, lowest
from nas_tc.timing.pace import Pace

FEWEST = 20  # samples, however long they take
_PULSE_MS = 8.0  # of a run's own time between two looks at the pace


@dataclass(slots=True)
class Samples:
    """Milliseconds of a run, in the order in which they were taken, and of the pacemaker."""

    own: list[float] = field(default_factory=list)
    pacemaker: list[float] = field(default_factory=list)
    since_ms: float = 0.0  # of the run's own time, since the last look at the pace


@dataclass(frozen=True, slots=True)
class Sampler:
    """A clock, and what its samples stand for.

    On a processor it is the lowest that counts: others only ever add time, and on a busy machine
    nothing else repeats. A GPU runs nothing else, and its clock moves to both sides: the median.

    Attributes:
        clock: to read.
        takes_lowest: whether it is the lowest that counts.
        pace: that the figures are told at; None: as the clock has them.
    """

    clock: Clock
    takes_lowest: bool
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
            found.own.append(self.clock(run))
            found.since_ms += found.own[-1]
            if self.pace is not None and found.since_ms >= _PULSE_MS:
                self._look_at_pace(found)
                run()  # brings its own data back into the cache
        return found

    def again(self, run: Run) -> float:
        """Milliseconds of a run after one that is not counted: its data is in the cache."""
        run()
        return self.clock(run)

    def estimate(self, samples: Samples) -> Estimate:
        """What they come to, at the machine's usual pace if there is one."""
        found = lowest(samples.own) if self.takes_lowest else estimate(samples.own, 0.5)
        if self.pace is None:
            return found
        if not samples.pacemaker:
            self._look_at_pace(samples)
        return found.times(1 / self.pace.slowness(samples.pacemaker))

    def _look_at_pace(self, samples: Samples) -> None:
        assert self.pace is not None
        samples.pacemaker += self.pace.samples(samples.since_ms)
        samples.since_ms = 0.0
