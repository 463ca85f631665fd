"""Several runs by turns, A B A B ...: what drifts meanwhile is felt by all of them alike."""

import time
from collections.abc import Sequence
from dataclasses import replace

from nas_tc.timing.clock import MEDIAN, Run
from nas_tc.timing.estimate import Estimate, estimate, quantile_of
from nas_tc.timing.samples import FEWEST, Sampler, Samples

BLOCK = 10  # turns that make a ratio together
LOOK = 30  # turns before the next look at a ratio
SHORT_TURNS = 6  # behind a short look: the highest and the lowest hold the median 97 of 100
SHORT_BLOCK = LOOK // 6


def take_turns(
    sampler: Sampler,
    runs: Sequence[Run],
    into: Sequence[Samples],
    count: int,
    deadline: float = float("inf"),
    fewest: int = 0,
) -> None:
    """Adds milliseconds of each run in so many turns, or in fewer if the deadline passes.

    A turn begins with a run that is not counted, which brings its own weights into the cache.

    Args:
        sampler: reads the clock, and looks at the pace between turns.
        runs: take turns in this order.
        into: the samples of each.
        count: turns.
        deadline: of the monotonic clock.
        fewest: turns, even past the deadline.
    """
    taken = 0
    while taken < count and (taken < fewest or time.monotonic() < deadline):
        turn = [sampler.again(run) for run in runs]
        for samples, ms in zip(into, turn, strict=True):
            sampler.add(samples, ms)
        taken += 1


def ratio_of(sampler: Sampler, own: Samples, other: Samples, block: int) -> Estimate:
    """The ratio of two runs' times, in the order of their turns: of blocks of so many turns.

    The median of the blocks' ratios, told at the paces of both runs where these are not alike.
    """
    ratios = []
    for number in range(max(len(own.own) // block, 1)):
        part = slice(number * block, (number + 1) * block)
        above, below = (quantile_of(each.own[part], sampler.quantile) for each in (own, other))
        ratios.append(above / below)
    found = estimate(ratios, MEDIAN).times(1 / sampler.relative_slowness(own, other))
    return replace(found, samples=len(own.own))


def take_together(
    sampler: Sampler, runs: Sequence[Run], turns: int, least_s: float, most_s: float
) -> list[Samples]:
    """Samples of each run, one a turn, each with its pace beside it."""
    found = [Samples() for _ in runs]
    started = time.monotonic()
    while (count := len(found[0].own)) < turns:
        seconds = time.monotonic() - started
        if count >= (FEWEST if seconds >= most_s else LOOK) and seconds >= least_s:
            break
        take_turns(sampler, runs, found, 1)
    return found
