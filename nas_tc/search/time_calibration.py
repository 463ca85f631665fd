"""Learns what time means here before the first proposal: times some networks near the limits.

A search whose table of layer times knows nothing would propose networks of any time, and reject
most of them after a measurement each. A dozen networks are enough to tell which are near a limit.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from math import inf
from random import Random
from statistics import median

from nas_tc.architecture import Architecture
from nas_tc.errors import ArchitectureError
from nas_tc.latency import LayerTimes, TimeRegression, network_workload
from nas_tc.search.jobs import wait_for_answer
from nas_tc.search.settings import Settings
from nas_tc.search.time_feasibility import TimingPool
from nas_tc.search.time_judge import TimeJudge
from nas_tc.space import Space, extreme_network
from nas_tc.timing import TimeLimit
from nas_tc.worker import LayersRequest, TimingResult

_SHARE = 0.03  # of the time that the search is expected to take
_LEAST_S, _MOST_S = 1.0, 60.0
_MOST_NETWORKS = 16
_KNOWN = 1.25  # upper end of the range over the prediction, of the median network: enough is known
_NEAR = 1.0  # times the limit: what is expected to take longer is not timed
_BOUND = 2.0  # times the limit: nor is what may take longer than this
_FAR = 0.4  # times the limit: what takes less tells little of networks at the limit
_DRAWN = 400
_LOOKED_AT = 30  # of them, to see what is known
_ATTEMPTS = 4000  # draws, where the maps of many shrink to nothing
_NOTE_EVERY_S = 5.0
_FIXED_S = 0.05  # to build a network, and the baseline networks with it
_RUNS = 20  # of a network, warm-ups and those of baseline networks included
_STEP_SHARE = 0.1  # of three forward passes at batch 1: what training takes for an image, at least
_KEY = "calibration"


def calibrate_times(
    judge: TimeJudge,
    pool: TimingPool,
    space: Space,
    expected_s: float,
    *,
    note: Callable[[str], None],
    check: Callable[[], None] = lambda: None,
) -> None:
    """Times networks of the space until the times near the limits can be predicted.

    It takes three per cent of the search's time, but a second at least, and sixteen networks at
    most. Of networks up to a little above the limit, those are timed in turn that add most to the
    regression, and those that have the most layers which the table lacks.

    Args:
        judge: Judge with the limits and the table, which grows; the cheapest network is in it.
        pool: Workers.
        space: Space of the search.
        expected_s: Seconds that the search is expected to take.
        note: Receives messages about the progress.
        check: Called while a worker is waited for; ends the search after Ctrl-C.

    Raises:
        TableError: The workers run on another kind of machine than the table's.
    """
    left_s = most_s = min(max(_SHARE * expected_s, _LEAST_S), _MOST_S)
    drawn = list(islice(spread_networks(space, Random(0)), _DRAWN))
    started = told = time.monotonic()
    timed = 0
    while timed < _MOST_NETWORKS and left_s > 0:
        limit = judge.limits[timed % len(judge.limits)]
        network = _next(judge, limit, drawn, is_for_layers=timed % 2 == 1)
        if network is None:
            break
        if not timed:
            note(f"times: learning what takes how long here, for about {most_s:.0f} s at most")
        settings = dict.fromkeys(each.setting for each in judge.limits)
        pool.time(_KEY, LayersRequest(tuple((each, network) for each in settings)))
        result = wait_for_answer(pool.next_result, check)
        pool.release(_KEY)
        drawn.remove(network)
        timed += 1
        if isinstance(result, TimingResult):  # else it did not fit in memory
            judge.add_layers(result)
            left_s -= _quiet_s(result)
        if time.monotonic() - told > _NOTE_EVERY_S:
            told = time.monotonic()
            note(f"times: {timed} networks timed in {told - started:.0f} s")
    if timed:
        judge.save()
        note(f"times: {timed} networks timed in {time.monotonic() - started:.1f} s")
        for limit in judge.limits:
            if (regression := judge.table.of(limit.setting).regression) is not None:
                note(f"{limit.name} here: {shown_rates(regression)}")


def settle_admission(judge: TimeJudge, space: Space) -> None:
    """Makes the judge lenient where no network of a space is likely within the limits.

    The cheapest was timed and is within them, but predictions are not so sure of it.

    Args:
        judge: Judge with the limits and the table.
        space: Space of the search.
    """
    drawn = islice(spread_networks(space, Random(0)), _DRAWN)
    cheapest = extreme_network(space, "cheapest")
    judge.is_lenient = not any(map(judge.admits, chain([cheapest], drawn)))


def spread_networks(space: Space, random: Random) -> Iterator[Architecture]:
    """Networks of a space, from its cheapest to its costliest, each once.

    Uniform samples of a large space are all of about the same complexity, so each takes another
    share of its genes from the cheapest network.

    Args:
        space: Space at the images' shape and classes.
        random: Source of the draws.

    Yields:
        A network.
    """
    cheapest = space.encode(extreme_network(space, "cheapest"))
    seen = set()
    for _ in range(_ATTEMPTS):
        share = random.random()
        genes = {
            gene.name: cheapest[gene.name]
            if random.random() < share
            else random.choice(gene.choices)
            for gene in space.genes
        }
        network = space.decode(genes)
        if network in seen:
            continue
        seen.add(network)
        try:
            network_workload(network)
        except ArchitectureError:  # its maps shrink to nothing
            continue
        yield network


def expected_search_s(
    settings: Settings, trials: int, workers: int, limits_ms: Mapping[str, float]
) -> float:
    """Seconds that a search is expected to take at least, by its limits on time.

    Args:
        settings: Settings of the search.
        trials: Networks that are still to be trained.
        workers: Networks that are trained at the same time.
        limits_ms: Most milliseconds of each limit, by its name.
    """
    images = len(settings.data.train) * settings.recipe.epochs * trials / workers
    image_ms = 0.0
    for limit in settings.times:
        passes = 1.0 if limit.setting.what == "train_step" else 3 * _STEP_SHARE
        ms = limits_ms.get(limit.name, 0.0) * passes / limit.setting.batch
        image_ms = min(image_ms, ms) if image_ms else ms
    return images * image_ms / 1000


def shown_rates(regression: TimeRegression) -> str:
    """A regression in words, with the range of its error."""
    parts = (
        (regression.operation_ms * 1e3, "us an operation"),
        (regression.mac_ms * 1e9, "ms for 10^9 multiply-adds"),
        (regression.value_ms * 1e6, "ns a value of a map"),
        (regression.param_ms * 1e6, "ns a parameter"),
    )
    text = ", ".join(f"{rate:.3g} {of}" for rate, of in parts)
    if regression.half == inf:
        return text
    low, high = regression.error_range
    return f"{text}; right to {low - 1:+.0%} to {high - 1:+.0%}"


def _next(
    judge: TimeJudge, limit: TimeLimit, drawn: list[Architecture], *, is_for_layers: bool
) -> Architecture | None:
    """The network to time next for a limit; None if enough is known, or there is none."""
    times, unit_ms = judge.table.of(limit.setting), judge.unit_ms(limit)
    regression = times.regression
    if regression is None or unit_ms is None or not times.workloads:
        return None  # no CUDA graph could be made, for example
    most_ms = limit.most * unit_ms
    expected = {each: regression.ms(network_workload(each)) for each in drawn}
    near = [
        each
        for each, ms in expected.items()
        if ms <= _NEAR * most_ms and _most_ms(times, each) <= _BOUND * most_ms
    ]
    if not near:
        return None
    at_limit = [each for each in near if expected[each] >= _FAR * most_ms] or near
    if _is_known(times, at_limit):
        return None
    if is_for_layers:
        likely = [each for each in at_limit if judge.admits(each)] or at_limit
        return max(likely, key=lambda each: len(times.untimed(each)))
    return max(near, key=lambda each: regression.leverage(network_workload(each)))


def _quiet_s(result: TimingResult) -> float:
    """Seconds that a timing takes on the quiet machine.

    A busy processor, on which the search takes longer, too, must not cut the calibration short. A
    GPU's passes have to be captured, which takes longest.
    """
    if result.machine["cuda"] is not None:
        return result.seconds
    return sum(_FIXED_S + _RUNS * each.whole_ms / 1000 for _, _, each in result.profiles)


def _most_ms(times: LayerTimes, network: Architecture) -> float:
    """The most that a network can take: k times the work in all respects takes k times as long.

    It holds back the regression, which may be far off while it knows a network or two.
    """
    work = network_workload(network)
    return min(
        ms * max(own / known for own, known in zip(work, timed, strict=True) if known)
        for timed, ms in times.workloads
    )


def _is_known(times: LayerTimes, networks: list[Architecture]) -> bool:
    found = [each for each in map(times.predict, networks[:_LOOKED_AT]) if each is not None]
    return median(each.high_ms / each.ms for each in found) <= _KNOWN
