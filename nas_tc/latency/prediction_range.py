"""The range of a prediction's error by networks that were predicted before they were timed."""

from collections.abc import Iterable
from math import exp, log, sqrt
from statistics import fmean, stdev

FEWEST_CHECKS = 8  # for a range of errors by Student's t
_FEWEST_ORDERED = 20  # for a range that holds whatever the distribution of errors is
_COVERED = 0.9  # share of networks that a range holds


def range_of_checks(checks: Iterable[tuple[float, float]]) -> tuple[float, float] | None:
    """Range of measured / predicted time for the next network; None before eight checks.

    It runs from the lowest to the highest of twenty checks, or from the second lowest to the second
    highest of forty: the next network lies outside with a probability of less than 10 %, whatever
    the distribution. Of fewer checks it is that of Student's t for their logarithms.

    Args:
        checks: Pairs of a predicted and a measured time.
    """
    ratios = sorted(measured / predicted for predicted, measured in checks)
    count = len(ratios)
    if count < FEWEST_CHECKS:
        return None
    if count < _FEWEST_ORDERED:
        from scipy.special import stdtrit  # noqa: PLC0415 - a worker has no use for scipy

        errors = [log(ratio) for ratio in ratios]
        half = stdev(errors) * sqrt(1 + 1 / count) * float(stdtrit(count - 1, (1 + _COVERED) / 2))
        return exp(fmean(errors) - half), exp(fmean(errors) + half)
    left_out = (count + 1) // _FEWEST_ORDERED - 1  # at each end
    return ratios[left_out], ratios[-1 - left_out]
