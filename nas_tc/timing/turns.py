"""Several runs by turns, A B A B ...: what drifts meanwhile is felt by all of them alike."""

import time
from collections.abc import Sequence
from dataclasses import replace

from nas_tc.timing.clock import Run
from nas_tc.timing.estimate import Estimate, estimate
from nas_tc.timing.samples import FEWEST, Sampler, Samples

BLOCK = 10  # turns that make a ratio together
LOOK = 30  # turns before the next look at a ratio
SHORT_TURNS = 6  # behind a short look: the highest and the lowest hold the median 97 of 100
SHORT_BLOCK = LOOK // 6


def take_turns(
    sampler: Sampler,
    runs: Sequence[Run],
    count: int,
    deadline: float = float("inf"),
    fewest: int = 0,
) -> list[list[float]]:
    """Milliseconds of each run in each of so many turns, or fewer if the deadline passes.

    A turn begins with a run that is not counted, which brings its own weights into the cache.

    Args:
        sampler: reads the clock.
        runs: take turns in this order.
        count: turns.
        deadline: of the monotonic clock.
        fewest: turns, even past the deadline.
    """
    taken: list[list[float]] = []
    while len(taken) < count and (len(taken) < fewest or time.monotonic() < deadline):
        taken.append([sampler.again(run) for run in runs])
    return taken


def ratio_of(
    sampler: Sampler, own: Sequence[float], other: Sequence[float], block: int
) -> Estimate:
    """The ratio of two runs' times, in the order of their turns: of blocks of so many turns.

    The median of the blocks' ratios: of the second lowest times on a processor, whose lowest of a
    few is not rare enough to be trusted alone, and of the medians on a GPU.
    """
    quantile = min(1.0, 2 / block) if sampler.takes_lowest else 0.5
    ratios = []
    for number in range(max(len(own) // block, 1)):
        part = slice(number * block, (number + 1) * block)
        ratios.append(estimate(own[part], quantile).value / estimate(other[part], quantile).value)
    return replace(estimate(ratios, 0.5), samples=len(own))


def take_together(
    sampler: Sampler, runs: Sequence[Run], turns: int, least_s: float, most_s: float
) -> list[Samples]:
    """Samples of each run, one a turn, each with the pace of all turns beside it."""
    found = [Samples() for _ in runs]
    pacemaker: list[float] = []
    started = time.monotonic()
    while (count := len(found[0].own)) < turns:
        seconds = time.monotonic() - started
        if count >= (FEWEST if seconds >= most_s else LOOK) and seconds >= least_s:
            break
        (taken,) = take_turns(sampler, runs, 1)
        for samples, ms in zip(found, taken, strict=True):
            samples.own.append(ms)
        if sampler.pace is not None:
            pacemaker += sampler.pace.samples(2 * sum(taken))
    for samples in found:
        samples.pacemaker = pacemaker
    return found
