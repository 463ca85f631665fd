"""Times networks on a processor over several builds, each at other addresses in memory.

Some addresses of weights and maps fall on the same lines of the caches. This changes a network's
time by a few per cent: the same in all runs of one build, but not in the next build. So the median
over several builds is repeatable, while more runs of one build do not help.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil

import torch

from nas_tc._heap import give_back_memory
from nas_tc.timing.baseline_speed import BaselineSpeed
from nas_tc.timing.clock import LOW_QUARTILE, MEDIAN, Run
from nas_tc.timing.estimate import Estimate, Verdict, estimate, quantile_of
from nas_tc.timing.samples import slowed_alike
from nas_tc.timing.stopwatch import Stopwatch

Builder = Callable[[], Run]  # builds a network; the result runs it once

REBUILDS = 30
REBUILDS_S = 20.0  # seconds for all rebuilds; if they take longer, there are fewer
_MOST_REBUILDS = 40  # while the verdict is not clear
_FEWEST_REBUILDS = 5  # however long they take
_REBUILD_S = 0.2  # seconds that one build is timed for
_FEWEST_FOR_VERDICT = 6  # the median is between the extremes of six with a probability of 97 %
_FEWEST_ROUNDS = 2  # with each build
_COUNTED = 3  # runs of a network in a round, after one that warms the caches and does not count
_SLOW_MS = 50.0  # runs longer than this need no warm-up: each counts
_PADDING = 2**22  # bytes: the largest shift of a build in memory
_PAGE = 2**12


@dataclass(frozen=True, slots=True)
class Rebuild:
    """Times of one build of each network.

    Attributes:
        own_ms: Lower quartile of each network's samples, milliseconds by the clock.
        slowdown: Slowdown of the machine for each network at that time, as a factor; 1 without a
            reference speed.
        samples: Number of samples of each network.
    """

    own_ms: tuple[float, ...]
    slowdown: tuple[float, ...]
    samples: int

    def quiet_ms(self, network: int) -> float:
        """Milliseconds of a network (an index), corrected to the quiet machine."""
        return self.own_ms[network] / self.slowdown[network]


@dataclass(frozen=True, slots=True)
class RebuildTimes:
    """Times of several builds of the same networks.

    Attributes:
        rebuilds: Times of each build.
        is_corrected: Whether the reference speed is known; otherwise times are as the clock read
            them.
    """

    rebuilds: tuple[Rebuild, ...]
    is_corrected: bool

    def time(self, network: int = 0) -> Estimate:
        """Milliseconds of a network at the reference speed: median over builds, with interval."""
        return self._median([each.quiet_ms(network) for each in self.rebuilds])

    def raw_ms(self, network: int = 0) -> float:
        """Milliseconds of a network as the clock read them."""
        return self._median([each.own_ms[network] for each in self.rebuilds]).value

    def ratio(self, network: int = 0, to: int = -1) -> Estimate:
        """Ratio of a network's time to that of another, and the interval of the median.

        A busy machine slows networks of about the same time alike. For others the times are
        corrected by their slowdowns first.
        """
        alike = slowed_alike(self.raw_ms(network), self.raw_ms(to))
        return self._median(
            [
                each.own_ms[network] / each.own_ms[to]
                if alike
                else each.quiet_ms(network) / each.quiet_ms(to)
                for each in self.rebuilds
            ]
        )

    @property
    def slowdown(self) -> float | None:
        """Median slowdown of the first network; None without a reference speed."""
        if not self.is_corrected:
            return None
        return estimate([each.slowdown[0] for each in self.rebuilds], MEDIAN).value

    def _median(self, values: list[float]) -> Estimate:
        samples = sum(each.samples for each in self.rebuilds)
        return replace(estimate(values, MEDIAN), quantile=LOW_QUARTILE, samples=samples)


def time_rebuilds(
    watch: Stopwatch,
    builders: Sequence[Builder],
    *,
    rebuilds: int = REBUILDS,
    repeats: int = 1,
    rebuild_s: float = _REBUILD_S,
    most_s: float = REBUILDS_S,
) -> RebuildTimes:
    """Times networks interleaved over several builds, on a processor.

    Args:
        watch: Stopwatch of the processor.
        builders: Builder of each network; the last may be that of a reference network.
        rebuilds: Number of builds of each network.
        repeats: Least number of samples of each network, over all builds.
        rebuild_s: Seconds that each build is timed for.
        most_s: Seconds after which no further build begins, if there are five.
    """
    found: list[Rebuild] = []
    started = time.monotonic()
    late = False
    while len(found) < rebuilds and not late:
        found.append(_time_one_build(watch, builders, ceil(repeats / rebuilds), rebuild_s))
        late = len(found) >= _FEWEST_REBUILDS and time.monotonic() - started >= most_s
    return _times(found, watch)


def decide_rebuilds(
    watch: Stopwatch,
    builders: Sequence[Builder],
    limit_ms: float,
    *,
    rebuilds: int = _MOST_REBUILDS,
    rebuild_s: float = _REBUILD_S,
    most_s: float = 60.0,
) -> tuple[RebuildTimes, Verdict]:
    """Times new builds until the interval of the first network's time excludes the limit.

    Args:
        watch: Stopwatch of the processor.
        builders: Builder of each network; they are timed in turn, and the first is judged.
        limit_ms: Limit on the first network's time, milliseconds.
        rebuilds: Largest number of builds; a clear verdict takes six at least.
        rebuild_s: Seconds that each build is timed for.
        most_s: Seconds after which no further build begins, if there are five.

    Returns:
        The times and the verdict, which is "measure more" if the interval still holds the limit.

    Raises:
        AssertionError: Never, because there is always another rebuild.
    """
    found: list[Rebuild] = []
    started = time.monotonic()
    while True:
        found.append(_time_one_build(watch, builders, 1, rebuild_s))
        times = _times(found, watch)
        verdict = times.time().judge(limit_ms)
        late = len(found) >= _FEWEST_REBUILDS and time.monotonic() - started >= most_s
        clear = len(found) >= _FEWEST_FOR_VERDICT and verdict != "measure more"
        if clear or late or len(found) >= rebuilds:
            return times, verdict


def _times(rebuilds: Sequence[Rebuild], watch: Stopwatch) -> RebuildTimes:
    return RebuildTimes(tuple(rebuilds), watch.reference_speed is not None)


def _time_one_build(
    watch: Stopwatch, builders: Sequence[Builder], fewest: int, rebuild_s: float
) -> Rebuild:
    """Times of one new build of each network, run in turn for `rebuild_s` seconds or longer."""
    give_back_memory()  # otherwise the next build would get the freed addresses of the last
    # The padding shifts the builds by a random number of pages; it is freed before they run.
    padding = torch.empty(random.randrange(0, _PADDING, _PAGE) + 1, dtype=torch.uint8)
    runs = [build() for build in builders]
    del padding
    for run in runs:
        run()
    first_ms = [watch.clock(run) for run in runs]
    counted = [1 if ms > _SLOW_MS else _COUNTED for ms in first_ms]
    speed = watch.reference_speed
    baseline = None if speed is None else BaselineSpeed(speed, first_ms)
    own: list[list[float]] = [[] for _ in runs]
    started = time.monotonic()
    rounds = 0
    while (
        rounds < _FEWEST_ROUNDS
        or min(map(len, own)) < fewest
        or time.monotonic() - started < rebuild_s
    ):
        for run, count, samples in zip(runs, counted, own, strict=True):
            if count > 1:
                run()
            samples += [watch.clock(run) for _ in range(count)]
        if baseline is not None:
            taken = zip(counted, own, strict=True)
            baseline.update([sum(samples[-count:]) for count, samples in taken])
        rounds += 1
    quartiles = tuple(quantile_of(samples, LOW_QUARTILE) for samples in own)
    slowdown = (
        1.0 if baseline is None else baseline.slowdown(ms, number)
        for number, ms in enumerate(quartiles)
    )
    return Rebuild(quartiles, tuple(slowdown), min(map(len, own)))
