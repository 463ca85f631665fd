"""Times networks that are built several times, elsewhere in memory each time.

Where weights and maps lie decides which of them push one another out of the caches, and is worth a
few per cent: the same in every run of one build, another in the next. The median over builds
repeats where a longer look at one build does not.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

import torch

from nas_tc._heap import give_back_memory
from nas_tc.timing.baseline_speed import Beside
from nas_tc.timing.clock import LOW_QUARTILE, MEDIAN, Run
from nas_tc.timing.estimate import Estimate, Verdict, estimate, quantile_of
from nas_tc.timing.samples import Sampler, are_alike

Make = Callable[[], Run]  # builds what is timed

BUILDS = 30
_MOST_BUILDS = 40  # of a verdict that is not clear
MOST_S = 20.0  # fewer builds, where they would take longer
_FEWEST_BUILDS = 5  # however long they take
_BUILD_S = 0.2
_JUDGED = 6  # builds before a verdict: the highest and the lowest hold the median 97 of 100
_FEWEST_TURNS = 2  # with each build
_COUNTED = 3  # runs of a turn, after one that is not counted
_SLOW_MS = 50.0  # runs longer than this find their data where it was: each counts
_PADDING = 2**22  # bytes at most, which move a build
_PAGE = 2**12


@dataclass(frozen=True, slots=True)
class Built:
    """One build of each network: the lower quartiles of its times, as the clock has them.

    Attributes:
        own_ms: of each network.
        slowness: of each network's pacemakers in the same turns, how many times as long as in calm
            they took; 1 without a pace.
        samples: of each network.
    """

    own_ms: tuple[float, ...]
    slowness: tuple[float, ...]
    samples: int

    def paced_ms(self, network: int) -> float:
        """What a network took, at the machine's calm pace."""
        return self.own_ms[network] / self.slowness[network]


@dataclass(frozen=True, slots=True)
class BuildTimes:
    """What several builds of the same networks took.

    Attributes:
        built: the builds.
        is_paced: whether the calm pace is known; otherwise figures are as the clock has them.
    """

    built: tuple[Built, ...]
    is_paced: bool

    def time(self, network: int = 0) -> Estimate:
        """Milliseconds of a network at the machine's calm pace, and the median's interval."""
        return self._median([each.paced_ms(network) for each in self.built])

    def raw_ms(self, network: int = 0) -> float:
        """The same as the clock had it."""
        return self._median([each.own_ms[network] for each in self.built]).value

    def ratio(self, network: int = 0, to: int = -1) -> Estimate:
        """How many times as long as another a network takes, and the median's interval.

        Networks of about the same length feel the machine alike in their turns; others are told
        by the pacemakers of each.
        """
        alike = are_alike(self.raw_ms(network), self.raw_ms(to))
        return self._median(
            [
                each.own_ms[network] / each.own_ms[to]
                if alike
                else each.paced_ms(network) / each.paced_ms(to)
                for each in self.built
            ]
        )

    @property
    def pace(self) -> float | None:
        """How many times as long as in calm the first network's pacemakers took, if known."""
        if not self.is_paced:
            return None
        return estimate([each.slowness[0] for each in self.built], MEDIAN).value

    def _median(self, values: list[float]) -> Estimate:
        samples = sum(each.samples for each in self.built)
        return replace(estimate(values, MEDIAN), quantile=LOW_QUARTILE, samples=samples)


def time_builds(
    sampler: Sampler,
    makes: Sequence[Make],
    *,
    builds: int = BUILDS,
    repeats: int = 1,
    build_s: float = _BUILD_S,
    most_s: float = MOST_S,
) -> BuildTimes:
    """Times networks by turns over several builds, on a processor.

    Args:
        sampler: a stopwatch.
        makes: builds a network each; the last may be what the others are compared with.
        builds: of each network.
        repeats: samples of each network at least, over all builds.
        build_s: that a build is timed for.
        most_s: fewer builds, but five, where they would take longer than this.
    """
    found: list[Built] = []
    started = time.monotonic()
    for built in _builds(sampler, makes, ceil(repeats / builds), build_s):
        found.append(built)
        late = len(found) >= _FEWEST_BUILDS and time.monotonic() - started >= most_s
        if len(found) >= builds or late:
            break
    return _times(found, sampler)


def decide_builds(
    sampler: Sampler,
    makes: Sequence[Make],
    limit_ms: float,
    *,
    builds: int = _MOST_BUILDS,
    build_s: float = _BUILD_S,
    most_s: float = 60.0,
) -> tuple[BuildTimes, Verdict]:
    """Builds the first network until its interval is clear of `limit_ms`, six times at least.

    The verdict is "measure more" if it is not clear after so many builds or seconds.
    """
    found: list[Built] = []
    started = time.monotonic()
    for built in _builds(sampler, makes, 1, build_s):
        found.append(built)
        times = _times(found, sampler)
        verdict = times.time().judge(limit_ms)
        late = len(found) >= _FEWEST_BUILDS and time.monotonic() - started >= most_s
        clear = len(found) >= _JUDGED and verdict != "measure more"
        if clear or late or len(found) >= builds:
            return times, verdict
    raise AssertionError("builds have no end")


def _times(built: Sequence[Built], sampler: Sampler) -> BuildTimes:
    return BuildTimes(tuple(built), sampler.pace is not None)


def _builds(
    sampler: Sampler, makes: Sequence[Make], fewest: int, build_s: float
) -> Iterator[Built]:
    """One build after another, for ever."""
    while True:
        yield _one_build(sampler, makes, fewest, build_s)


def _one_build(sampler: Sampler, makes: Sequence[Make], fewest: int, build_s: float) -> Built:
    give_back_memory()  # so that the next build lies elsewhere, where freed memory is kept
    # Freed before anything runs; what was built after it stays where that has put it.
    padding = torch.empty(random.randrange(0, _PADDING, _PAGE) + 1, dtype=torch.uint8)
    runs = [make() for make in makes]
    del padding
    for run in runs:
        run()
    first_ms = [sampler.clock(run) for run in runs]
    counted = [1 if ms > _SLOW_MS else _COUNTED for ms in first_ms]
    beside = None if sampler.pace is None else Beside(sampler.pace, first_ms)
    own: list[list[float]] = [[] for _ in runs]
    started = time.monotonic()
    turns = 0
    while (
        turns < _FEWEST_TURNS or min(map(len, own)) < fewest or time.monotonic() - started < build_s
    ):
        for run, count, samples in zip(runs, counted, own, strict=True):
            if count > 1:
                run()
            samples += [sampler.clock(run) for _ in range(count)]
        if beside is not None:
            taken = zip(counted, own, strict=True)
            beside.follow([sum(samples[-count:]) for count, samples in taken])
        turns += 1
    quartiles = tuple(quantile_of(samples, LOW_QUARTILE) for samples in own)
    slowness = (
        1.0 if beside is None else beside.slowness(ms, number)
        for number, ms in enumerate(quartiles)
    )
    return Built(quartiles, tuple(slowness), min(map(len, own)))
