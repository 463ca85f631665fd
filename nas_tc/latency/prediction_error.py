"""The error of predicted times against measured ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import correlation, median

_WITHIN = 0.1


@dataclass(frozen=True, slots=True)
class Agreement:
    """Rank correlation and relative errors of predicted times.

    Attributes:
        networks: Number of networks.
        spearman: Correlation of the ranks; nan for fewer than two different times.
        median_error: Median of |predicted / measured - 1|.
        worst_error: Largest of these.
        within: Share of the networks that are predicted to within 10 %, 0 to 1.
    """

    networks: int
    spearman: float
    median_error: float
    worst_error: float
    within: float


def agreement(predicted_ms: Sequence[float], measured_ms: Sequence[float]) -> Agreement:
    """Compares predicted with measured times; equal times have the mean of their ranks.

    Args:
        predicted_ms: Milliseconds of one network or more.
        measured_ms: Milliseconds of the same networks, in the same order.
    """
    errors = [abs(p / m - 1) for p, m in zip(predicted_ms, measured_ms, strict=True)]
    ranks = _ranks(predicted_ms), _ranks(measured_ms)
    flat = any(len(set(each)) < 2 for each in ranks)
    return Agreement(
        networks=len(errors),
        spearman=float("nan") if flat else correlation(*ranks),
        median_error=median(errors),
        worst_error=max(errors),
        within=sum(error <= _WITHIN for error in errors) / len(errors),
    )


def scaled(costs: Sequence[float], measured_ms: Sequence[float]) -> list[float]:
    """Milliseconds in proportion to a cost, by the median factor between the two.

    Args:
        costs: Cost of each network, such as its multiply-adds.
        measured_ms: Milliseconds of the same networks, in the same order.
    """
    factor = median(m / c for m, c in zip(measured_ms, costs, strict=True))
    return [factor * cost for cost in costs]


def _ranks(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    first = {value: ordered.index(value) for value in set(values)}
    return [first[value] + (ordered.count(value) - 1) / 2 for value in values]
