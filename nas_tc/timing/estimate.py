"""From samples of a clock to a figure with an interval, and from that to a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, sqrt
from typing import Literal

Verdict = Literal["accept", "reject", "measure more"]
_NORMAL_95 = 1.96  # standard errors to each side


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure drawn from samples, and its interval; milliseconds, or a ratio of times."""

    value: float
    low: float
    high: float
    quantile: float  # of the samples: 0.5 is their median
    samples: int

    def judge(self, limit: float, least: float = 0.0, *, far: float = 1.0) -> Verdict:
        """Whether the whole interval is within `least` and `limit`, both included, or outside.

        Args:
            limit: the most.
            least: the least.
            far: a factor that must lie between the interval and either end: 1.1 is a tenth away.
        """
        if least * far <= self.low and self.high <= limit / far:
            return "accept"
        outside = self.low > limit * far or self.high < least / far
        return "reject" if outside else "measure more"

    def times(self, factor: float) -> "Estimate":
        """The same on another scale."""
        return replace(
            self, value=self.value * factor, low=self.low * factor, high=self.high * factor
        )

    def over(self, other: "Estimate") -> "Estimate":
        """The ratio of two that were not interleaved: its interval holds what both allow."""
        return Estimate(
            value=self.value / other.value,
            low=self.low / other.high,
            high=self.high / other.low,
            quantile=self.quantile,
            samples=min(self.samples, other.samples),
        )


def quantile_of(samples: Sequence[float], quantile: float) -> float:
    """The sample that so large a part of one or more do not exceed."""
    return sorted(samples)[max(ceil(quantile * len(samples)), 1) - 1]


def estimate(samples: Sequence[float], quantile: float) -> Estimate:
    """A quantile, between the two order statistics that hold it 95 times of 100.

    How many samples lie below a quantile is binomial, whatever their distribution, so the
    interval needs no bell curve; it does take the samples for independent. A drift of the
    machine's speed is not in it: compare with a reference by taking turns.

    Args:
        samples: one or more.
        quantile: above 0 and below 1.
    """
    ordered = sorted(samples)
    count = len(ordered)
    middle = quantile * count
    spread = _NORMAL_95 * sqrt(count * quantile * (1 - quantile))

    def at(rank: int) -> float:
        return ordered[min(max(rank, 1), count) - 1]

    return Estimate(
        value=at(ceil(middle)),
        low=at(floor(middle - spread)),
        high=at(ceil(middle + spread) + 1),
        quantile=quantile,
        samples=count,
    )
