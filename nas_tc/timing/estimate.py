"""From samples of a clock to a value with an interval, and from that to a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, sqrt
from typing import Literal

Verdict = Literal["accept", "reject", "measure more"]
_NORMAL_95 = 1.96  # standard errors to each side


@dataclass(frozen=True, slots=True)
class Estimate:
    """A quantile of samples and its interval; milliseconds, or a ratio of times.

    Attributes:
        value: The quantile.
        low: Lower end of the interval.
        high: Upper end of the interval.
        quantile: Which quantile it is; 0.5 is the median.
        samples: Number of samples.
    """

    value: float
    low: float
    high: float
    quantile: float
    samples: int

    def judge(self, limit: float, least: float = 0.0, *, far: float = 1.0) -> Verdict:
        """Whether the whole interval is within the limits, both included, or outside.

        Args:
            limit: Upper limit.
            least: Lower limit.
            far: Factor that must lie between the interval and either limit: 1.1 is a tenth away.

        Returns:
            "measure more" if the interval holds a limit or is nearer to one than `far`.
        """
        if least * far <= self.low and self.high <= limit / far:
            return "accept"
        outside = self.low > limit * far or self.high < least / far
        return "reject" if outside else "measure more"

    def times(self, factor: float) -> "Estimate":
        """The estimate, multiplied by a factor."""
        return replace(
            self, value=self.value * factor, low=self.low * factor, high=self.high * factor
        )

    def over(self, other: "Estimate") -> "Estimate":
        """The ratio to an estimate that was not interleaved with this one.

        Its interval holds all ratios of values in the two intervals.
        """
        return Estimate(
            value=self.value / other.value,
            low=self.low / other.high,
            high=self.high / other.low,
            quantile=self.quantile,
            samples=min(self.samples, other.samples),
        )


def quantile_of(samples: Sequence[float], quantile: float) -> float:
    """The smallest of one or more samples that a share `quantile` of them does not exceed."""
    return sorted(samples)[max(ceil(quantile * len(samples)), 1) - 1]


def estimate(samples: Sequence[float], quantile: float) -> Estimate:
    """A quantile, between the two order statistics that hold it 95 times of 100.

    How many samples lie below a quantile is binomial, whatever their distribution, so the
    interval assumes no normal distribution; it does assume independent samples. A drift of the
    machine's speed is not in it: `interleaved` compares two runs in spite of one.

    Args:
        samples: One sample or more.
        quantile: Above 0 and below 1.
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
