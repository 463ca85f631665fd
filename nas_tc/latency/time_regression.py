"""The time of a network as a sum of its work: so much an operation, a multiply-add, a value.

A table of layer times knows nothing at first. A few networks are enough for this function, which
knows four numbers: none is negative, so more work never takes less time, and each can be read off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log, log2, sqrt
from statistics import fmean, median, stdev

import numpy as np
from numpy.typing import NDArray

from nas_tc.latency.workload import Workload

# Milliseconds of an operation, a multiply-add, a value and a parameter on a processor core of 2023.
# Only their proportions matter, and these only until some networks have been timed.
_TYPICAL = np.array([20e-3, 20e-9, 0.3e-6, 0.2e-6])
_TRUST = 0.03  # in these proportions, where a timed network counts 1
_LEFT_OUT = 40  # latest networks that are predicted from the others, to know the error
_FEWEST = 3  # networks, to know it at all
_COVERED = 0.9  # share of networks that the interval holds
_A_DOUBLING = 0.1  # by which the interval grows beyond the timed networks, in logarithms

Rates = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TimeRegression:
    """The time as a function of the work.

    Attributes:
        operation_ms: Milliseconds of an operation.
        mac_ms: Milliseconds of a multiply-add of one image.
        value_ms: Milliseconds of a value that is read or written for one image.
        param_ms: Milliseconds of a parameter.
        middle: Mean of the logarithms of measured / predicted time for networks that were left out.
        half: Half of the range of these that holds the next one with 90 %, by Student's t;
            infinite if there are too few.
        range_ms: Least and greatest time that it was fitted to, milliseconds.
        covariance: Inverse of the products of the fitted rows, for `log_range`.
    """

    operation_ms: float
    mac_ms: float
    value_ms: float
    param_ms: float
    middle: float
    half: float
    range_ms: tuple[float, float]
    covariance: tuple[tuple[float, ...], ...]

    @property
    def error_range(self) -> tuple[float, float]:
        """Range of measured / predicted time for a network like those that it was fitted to."""
        return exp(self.middle - self.half), exp(self.middle + self.half)

    def ms(self, work: Workload) -> float:
        """Milliseconds of so much work."""
        return (
            self.operation_ms * work.operations
            + self.mac_ms * work.macs
            + self.value_ms * work.values
            + self.param_ms * work.params
        )

    def log_range(self, work: Workload) -> tuple[float, float]:
        """Range of the logarithm of measured / predicted time for a network, with 90 %.

        It is wider for work of other proportions than those that it was fitted to, and for times
        beyond theirs.

        Args:
            work: Work of the network.
        """
        if self.half == inf:
            return -inf, inf
        ms, leverage = self.ms(work), self.leverage(work)
        least, most = self.range_ms
        beyond = max(log2(ms / most), log2(least / ms), 0.0)
        half = sqrt(self.half**2 * (1 + leverage) + (_A_DOUBLING * beyond) ** 2)
        return self.middle - half, self.middle + half

    def leverage(self, work: Workload) -> float:
        """How much a network of such work would add to what is known, 0 if nothing.

        Args:
            work: Work of the network.
        """
        ms = self.ms(work)
        a, b, c, d = (amount / ms for amount in work)
        return sum(
            amount * (a * line[0] + b * line[1] + c * line[2] + d * line[3])
            for amount, line in zip((a, b, c, d), self.covariance, strict=True)
        )

    def most_macs(self, most_ms: float, beside: Workload) -> float:
        """The multiply-adds above which no network is likely to be so quick; infinite if unknown.

        Args:
            most_ms: Milliseconds.
            beside: The least work that comes with them; its own multiply-adds do not count.
        """
        if not self.mac_ms:
            return inf
        low, _ = self.log_range(beside)
        rest_ms = self.ms(beside._replace(macs=0))
        return max(most_ms / exp(low) - rest_ms, 0.0) / self.mac_ms if low > -inf else inf


def fit_times(timed: Sequence[tuple[Workload, float]], batch: int = 1) -> TimeRegression:
    """The function with the least squares of the relative error, none of whose rates is negative.

    Args:
        timed: Work and milliseconds of a network or more.
        batch: Images of a pass.
    """
    images = np.array([1, batch, batch, 1])
    work = np.array([row for row, _ in timed], dtype=np.float64)
    ms = np.array([each for _, each in timed])
    typical = _TYPICAL * images
    typical = typical * median((ms / (work @ typical)).tolist())
    rows = work * typical / ms[:, None]
    rates = _rates(rows)
    middle, half = _error_range(rows) if len(ms) >= _FEWEST else (0.0, inf)
    covariance = np.linalg.inv(rows.T @ rows + _TRUST * np.eye(4)) * np.outer(typical, typical)
    operation_ms, mac_ms, value_ms, param_ms = (rates * typical).tolist()
    return TimeRegression(
        operation_ms,
        mac_ms,
        value_ms,
        param_ms,
        middle,
        half,
        (float(ms.min()), float(ms.max())),
        tuple(tuple(line) for line in covariance.tolist()),
    )


def _error_range(rows: Rates) -> tuple[float, float]:
    """Middle and half of the range of the error, by predicting each row from the others."""
    from scipy.special import stdtrit  # noqa: PLC0415 - a worker has no use for scipy

    errors = [
        -log(max(float(rows[place] @ _rates(np.delete(rows, place, axis=0))), 1e-9))
        for place in range(max(0, len(rows) - _LEFT_OUT), len(rows))
    ]
    count = len(errors)
    spread = stdev(errors) * sqrt(1 + 1 / count)
    return fmean(errors), spread * float(stdtrit(count - 1, (1 + _COVERED) / 2))


def _rates(rows: Rates) -> Rates:
    """Rates in multiples of the typical ones, for which each row's sum is close to 1."""
    from scipy.optimize import nnls  # noqa: PLC0415 - a worker has no use for scipy

    pull = sqrt(_TRUST) * np.eye(4)
    found, _ = nnls(np.vstack([rows, pull]), np.concatenate([np.ones(len(rows)), pull.sum(axis=1)]))
    return np.asarray(found)
