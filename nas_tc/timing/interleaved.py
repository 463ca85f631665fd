"""Interleaved runs, A B A B ...: a drift of the machine's speed affects all of them alike."""

import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from nas_tc.timing.clock import MEDIAN, Run
from nas_tc.timing.estimate import Estimate, Verdict, estimate, quantile_of
from nas_tc.timing.samples import Samples, slowed_alike
from nas_tc.timing.stopwatch import FEWEST, QUICK_WARM_UPS, REPEATS, Stopwatch, warm_up

_BLOCK = 10  # rounds that make one ratio
_SERIES = 30  # rounds between two looks at the verdict
_QUICK_ROUNDS = 6  # after a quick estimate: the extremes of six hold the median 97 times of 100
_SHORT_BLOCK = _SERIES // 6


def time_ratio(
    watch: Stopwatch, run: Run, reference: Run, *, rounds: int = REPEATS, most_s: float = 120.0
) -> Estimate:
    """How many times as long as a reference a run takes, measured interleaved.

    Ten rounds make a ratio, of the lower quartiles on a processor and of the medians on a GPU; the
    median of these ratios counts. Where the two differ so much that they are not slowed alike, the
    baseline networks of each correct the ratio.

    Args:
        watch: Stopwatch of the device.
        run: What to time.
        reference: What to compare it with.
        rounds: Rounds at most.
        most_s: Seconds at most, with fewer rounds if need be, but 20.
    """
    warm_up(run)
    warm_up(reference)
    deadline = time.monotonic() + most_s
    own, other = watch.new_samples(), watch.new_samples()
    _interleave(watch, (run, reference), (own, other), rounds, deadline, FEWEST)
    return _ratio_of(watch, own, other, _BLOCK)


def decide_ratio(
    watch: Stopwatch,
    run: Run,
    reference: Run,
    limit: float,
    *,
    least: float = 0.0,
    most: int = 240,
    most_s: float = 60.0,
    reference_estimate: Estimate | None = None,
) -> tuple[Estimate, Estimate, Verdict]:
    """Interleaves a run with a reference until their ratio is clear of the limits.

    Five rounds make a ratio. The first look is after thirty rounds: the highest and the lowest of
    six ratios hold the median 97 times of 100.

    Args:
        watch: Stopwatch of the device.
        run: What to time.
        reference: What to compare it with.
        limit: Largest ratio that is within the limits.
        least: Smallest ratio that is within them.
        most: Rounds at most.
        most_s: Seconds at most; but 30 rounds, or six after a quick estimate, or none if there is
            no time.
        reference_estimate: Quick estimate of the reference, of a moment ago. If there is one, a
            quick estimate of the run comes first. Their ratio decides if the limits are a factor
            of 1.25 away, or a tenth where the reference speed is known, and in any case where six
            rounds would take longer than `most_s`.

    Returns:
        The ratio, the run's own milliseconds, and the verdict, which is "measure more" if the
        interval still holds a limit after `most` rounds or `most_s` seconds.
    """
    deadline = time.monotonic() + most_s
    if reference_estimate is not None:
        own_estimate = watch.quick_estimate(run)
        ratio = own_estimate.over(reference_estimate)
        verdict = ratio.judge(limit, least, far=watch.far)
        if verdict != "measure more":
            return ratio, own_estimate, verdict
        rounds_s = 2 * _QUICK_ROUNDS * (own_estimate.value + reference_estimate.value) / 1000
        if time.monotonic() + rounds_s > deadline:
            return ratio, own_estimate, ratio.judge(limit, least)
    for each in (run, reference):
        warm_up(each, QUICK_WARM_UPS)
    own, other = watch.new_samples(), watch.new_samples()
    while True:
        until = float("inf") if reference_estimate is None else deadline
        _interleave(watch, (run, reference), (own, other), _SERIES, until, _QUICK_ROUNDS)
        rounds = len(own.ms)
        ratio = _ratio_of(watch, own, other, _SHORT_BLOCK if rounds >= _SERIES else 1)
        verdict = ratio.judge(limit, least)
        if verdict != "measure more" or rounds >= most or time.monotonic() >= deadline:
            return ratio, watch.estimate(own), verdict


def time_interleaved(
    watch: Stopwatch,
    runs: Sequence[Run],
    reference: Run | None = None,
    *,
    rounds: int = REPEATS,
    least_s: float = 2.0,
    most_s: float = 60.0,
) -> list[tuple[Estimate, Estimate | None]]:
    """Times several runs interleaved, A B C A B C ..., so that none has a quieter moment.

    Args:
        watch: Stopwatch of the device.
        runs: What to time.
        reference: What to compare them with, if anything; interleaved with them.
        rounds: Rounds at most.
        least_s: Seconds at least, with more than thirty rounds if need be.
        most_s: Seconds at most, with fewer rounds if need be, but 20.

    Returns:
        The milliseconds of each run, and its ratio to the reference if there is one.
    """
    everything = [*runs, *([] if reference is None else [reference])]
    for each in everything:
        warm_up(each, QUICK_WARM_UPS)
    taken = _samples_of(watch, everything, rounds, least_s, most_s)
    block = _BLOCK if len(taken[0].ms) >= 6 * _BLOCK else _SHORT_BLOCK
    return [
        (
            watch.estimate(own),
            None if reference is None else _ratio_of(watch, own, taken[-1], block),
        )
        for own in taken[: len(runs)]
    ]


def _interleave(
    watch: Stopwatch,
    runs: Sequence[Run],
    into: Sequence[Samples],
    rounds: int,
    deadline: float = float("inf"),
    fewest: int = 0,
) -> None:
    """Adds a sample of each run in every round.

    Each sample comes after a run that is not counted and brings the network's own weights back
    into the cache.

    Args:
        watch: Stopwatch of the device.
        runs: What to time, in this order.
        into: Samples of each; grow.
        rounds: Rounds to add.
        deadline: Time of the monotonic clock after which no round begins.
        fewest: Rounds to add even past the deadline.
    """
    taken = 0
    while taken < rounds and (taken < fewest or time.monotonic() < deadline):
        round_ms = [_warm_sample(watch, run) for run in runs]
        for samples, ms in zip(into, round_ms, strict=True):
            samples.add(ms)
        taken += 1


def _warm_sample(watch: Stopwatch, run: Run) -> float:
    run()
    return watch.clock(run)


def _samples_of(
    watch: Stopwatch, runs: Sequence[Run], rounds: int, least_s: float, most_s: float
) -> list[Samples]:
    """Samples of each run, one a round."""
    found = [watch.new_samples() for _ in runs]
    started = time.monotonic()
    while (count := len(found[0].ms)) < rounds:
        seconds = time.monotonic() - started
        if count >= (FEWEST if seconds >= most_s else _SERIES) and seconds >= least_s:
            break
        _interleave(watch, runs, found, 1)
    return found


def _ratio_of(watch: Stopwatch, own: Samples, other: Samples, block: int) -> Estimate:
    """The ratio of two interleaved runs: the median of the ratios of blocks of `block` rounds."""
    ratios = []
    for number in range(max(len(own.ms) // block, 1)):
        part = slice(number * block, (number + 1) * block)
        above, below = (quantile_of(each.ms[part], watch.quantile) for each in (own, other))
        ratios.append(above / below)
    found = estimate(ratios, MEDIAN).times(1 / _relative_slowdown(own, other))
    return replace(found, samples=len(own.ms))


def _relative_slowdown(own: Samples, other: Samples) -> float:
    """How much more one run is slowed than another; exactly 1 for runs of about the same length."""
    if slowed_alike(median(own.ms), median(other.ms)):
        return 1.0
    return own.slowdown / other.slowdown
