"""From samples of a clock to a figure with an interval, and from that to a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest
from itertools import pairwise
from math import ceil, floor, sqrt
from typing import Literal

Verdict = Literal["accept", "reject", "measure more"]
_NORMAL_95 = 1.96  # standard errors to each side
_BLOCKS = 10


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure drawn from samples, and its interval; milliseconds, or a ratio of times."""

    value: float
    low: float
    high: float
    quantile: float  # 0 is the lowest sample, 0.5 the median
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
        """The ratio of two that were not taken by turns: its interval holds what both allow."""
        return Estimate(
            value=self.value / other.value,
            low=self.low / other.high,
            high=self.high / other.low,
            quantile=self.quantile,
            samples=min(self.samples, other.samples),
        )


def lowest(samples: Sequence[float]) -> Estimate:
    """The second lowest sample, and how far from it a tenth of the run would have been.

    Other processes only ever add to a time, in bursts, so samples are not independent and no
    quantile's interval holds. Instead the run is cut into ten blocks, one after another, each of
    which has a lowest sample of its own: the interval ends at the highest of these. It begins at
    the figure itself. The very lowest is left out, because a clock that leaves out what others
    take now and then, a few times in ten thousand, leaves out too much.

    Args:
        samples: one or more, in the order in which they were taken.
    """
    count = len(samples)
    edges = [count * number // _BLOCKS for number in range(_BLOCKS + 1)]
    lows = [min(samples[a:b]) for a, b in pairwise(edges) if a < b]
    value = second_lowest(samples)
    return Estimate(value=value, low=value, high=max(value, *lows), quantile=0.0, samples=count)


def second_lowest(samples: Sequence[float]) -> float:
    """That of two or more; of one, itself."""
    return nsmallest(2, samples)[-1]


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
