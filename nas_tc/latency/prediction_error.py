"""How well foretold times agree with measured ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import correlation, median

_WITHIN = 0.1


@dataclass(frozen=True, slots=True)
class Agreement:
    """Ranks and relative errors of foretold times."""

    networks: int
    spearman: float  # correlation of the ranks; nan for fewer than two networks
    median_error: float  # of |foretold / measured - 1|
    worst_error: float
    within: float  # share of the networks that are foretold to within 10 %


def agreement(foretold_ms: Sequence[float], measured_ms: Sequence[float]) -> Agreement:
    """Compares times of the same networks, in the same order; at least one.

    Equal times have the mean of their ranks.
    """
    errors = [abs(f / m - 1) for f, m in zip(foretold_ms, measured_ms, strict=True)]
    ranks = _ranks(foretold_ms), _ranks(measured_ms)
    flat = any(len(set(each)) < 2 for each in ranks)
    return Agreement(
        networks=len(errors),
        spearman=float("nan") if flat else correlation(*ranks),
        median_error=median(errors),
        worst_error=max(errors),
        within=sum(error <= _WITHIN for error in errors) / len(errors),
    )


def scaled(costs: Sequence[float], measured_ms: Sequence[float]) -> list[float]:
    """Times in proportion to a cost, with the factor that suits these networks best: the median."""
    factor = median(m / c for m, c in zip(measured_ms, costs, strict=True))
    return [factor * cost for cost in costs]


def _ranks(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    first = {value: ordered.index(value) for value in set(values)}
    return [first[value] + (ordered.count(value) - 1) / 2 for value in values]
