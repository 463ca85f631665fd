"""Rounds of runs of a network, corrected for the slowdown of the machine meanwhile."""

import time
from collections.abc import Callable

from nas_tc.timing.baseline_speed import BaselineSpeed, ReferenceSpeed
from nas_tc.timing.estimate import quantile_of

_MOST = 200  # rounds


def timed_rounds(
    before: Callable[[], object],
    whole_ms: Callable[[], float],
    *,
    least_s: float,
    fewest: int,
    quantile: float,
    reference_speed: ReferenceSpeed | None,
) -> tuple[list[float], float]:
    """Times a network in rounds, with the baseline networks between them.

    Args:
        before: What each round runs before the network: the same with a clock between its layers.
        whole_ms: Function that runs the network and gives its milliseconds.
        least_s: Seconds of rounds, but `fewest` to 200 rounds.
        fewest: Rounds at least, however long they take.
        quantile: Quantile of the samples that counts.
        reference_speed: Speed that times are corrected to; None: the slowdown is 1.

    Returns:
        The milliseconds of each round, as the clock read them, and the slowdown to divide them by.
    """
    baseline = None if reference_speed is None else BaselineSpeed(reference_speed, [whole_ms()])
    wholes: list[float] = []
    started = time.monotonic()
    while len(wholes) < fewest or (len(wholes) < _MOST and time.monotonic() - started < least_s):
        before()
        wholes.append(whole_ms())
        if baseline is not None:
            baseline.update([2 * wholes[-1]])
    if baseline is None:
        return wholes, 1.0
    baseline.sample()
    return wholes, baseline.slowdown(quantile_of(wholes, quantile))
