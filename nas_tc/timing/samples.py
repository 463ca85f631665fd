"""Samples of a run, and how much the machine was slowed while they were taken."""

from dataclasses import dataclass, field

from nas_tc.timing.baseline_speed import BaselineSpeed, ReferenceSpeed
from nas_tc.timing.clock import LOW_QUARTILE
from nas_tc.timing.estimate import quantile_of

_ALIKE = 4.0  # runs that differ by less than this factor are slowed alike


@dataclass(slots=True)
class Samples:
    """Milliseconds of a run, in the order in which they were taken.

    Attributes:
        reference_speed: Times of the baseline networks on the quiet machine. If they are known,
            baseline networks run between the samples.
        ms: Milliseconds of each sample.
    """

    reference_speed: ReferenceSpeed | None = None
    ms: list[float] = field(default_factory=list)
    _baseline: BaselineSpeed | None = None

    def add(self, ms: float) -> bool:
        """Adds a sample; returns whether baseline networks ran after it."""
        self.ms.append(ms)
        if self.reference_speed is None:
            return False
        if self._baseline is None:
            self._baseline = BaselineSpeed(self.reference_speed, [ms])
        return self._baseline.update([ms])

    @property
    def slowdown(self) -> float:
        """Time now over the time on the quiet machine; 1 without baseline networks."""
        if self._baseline is None:
            return 1.0
        return self._baseline.slowdown(quantile_of(self.ms, LOW_QUARTILE))


def slowed_alike(own_ms: float, other_ms: float) -> bool:
    """Whether two interleaved runs are slowed alike, so that their ratio needs no baseline."""
    return max(own_ms, other_ms) <= _ALIKE * min(own_ms, other_ms)
