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

from nas_tc.timing.clock import Run
from nas_tc.timing.estimate import Estimate, Verdict, estimate, second_lowest
from nas_tc.timing.samples import Sampler

Make = Callable[[], Run]  # builds what is timed

BUILDS = 30
_MOST_BUILDS = 40  # of a verdict that is not clear
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
    """One build of each network: the second lowest times, as the clock has them.

    Attributes:
        own_ms: of each network.
        pacemaker_ms: of the pacemaker in the same turns; None without a pace.
        samples: of each network.
    """

    own_ms: tuple[float, ...]
    pacemaker_ms: float | None
    samples: int


@dataclass(frozen=True, slots=True)
class BuildTimes:
    """What several builds of the same networks took.

    Attributes:
        built: the builds.
        usual_ms: of the pacemaker; None: figures are as the clock has them.
    """

    built: tuple[Built, ...]
    usual_ms: float | None

    def time(self, network: int = 0) -> Estimate:
        """Milliseconds of a network at the machine's usual pace, and the median's interval."""
        return self._median(
            [each.own_ms[network] / (self._slowness(each) or 1.0) for each in self.built]
        )

    def raw_ms(self, network: int = 0) -> float:
        """The same as the clock had it."""
        return self._median([each.own_ms[network] for each in self.built]).value

    def ratio(self, network: int = 0, to: int = -1) -> Estimate:
        """How many times as long as another a network takes, and the median's interval."""
        return self._median([each.own_ms[network] / each.own_ms[to] for each in self.built])

    @property
    def pace(self) -> float | None:
        """How many times its usual time the pacemaker took: above 1, the machine was slow."""
        found = [each for each in map(self._slowness, self.built) if each is not None]
        return estimate(found, 0.5).value if found else None

    def _slowness(self, built: Built) -> float | None:
        if self.usual_ms is None or built.pacemaker_ms is None:
            return None
        return built.pacemaker_ms / self.usual_ms

    def _median(self, values: list[float]) -> Estimate:
        samples = sum(each.samples for each in self.built)
        return replace(estimate(values, 0.5), quantile=0.0, samples=samples)


def time_builds(
    sampler: Sampler,
    makes: Sequence[Make],
    *,
    builds: int = BUILDS,
    repeats: int = 1,
    build_s: float = _BUILD_S,
    most_s: float = 60.0,
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
    return BuildTimes(tuple(built), None if sampler.pace is None else sampler.pace.usual_ms)


def _builds(
    sampler: Sampler, makes: Sequence[Make], fewest: int, build_s: float
) -> Iterator[Built]:
    """One build after another, for ever."""
    while True:
        yield _one_build(sampler, makes, fewest, build_s)


def _one_build(sampler: Sampler, makes: Sequence[Make], fewest: int, build_s: float) -> Built:
    # Freed before anything runs; what was built after it stays where that has put it.
    padding = torch.empty(random.randrange(0, _PADDING, _PAGE) + 1, dtype=torch.uint8)
    pace = None if sampler.pace is None else sampler.pace.anew()
    runs = [make() for make in makes]
    del padding
    for run in runs:
        run()
    slow = [sampler.clock(run) > _SLOW_MS for run in runs]
    own: list[list[float]] = [[] for _ in runs]
    pacemaker: list[float] = []
    started = turned = time.monotonic()
    turns = 0
    while (
        turns < _FEWEST_TURNS or min(map(len, own)) < fewest or time.monotonic() - started < build_s
    ):
        for run, is_slow, samples in zip(runs, slow, own, strict=True):
            if not is_slow:
                run()
            samples += [sampler.clock(run) for _ in range(1 if is_slow else _COUNTED)]
        if pace is not None:
            now = time.monotonic()
            pacemaker += pace.samples((now - turned) * 1000)
            turned = time.monotonic()
        turns += 1
    return Built(
        tuple(second_lowest(samples) for samples in own),
        second_lowest(pacemaker) if pacemaker else None,
        min(map(len, own)),
    )
