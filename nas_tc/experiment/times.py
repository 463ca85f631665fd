"""Measured times of an experiment's networks, all of them interleaved."""

from collections.abc import Sequence
from functools import partial

from nas_tc._heap import keep_memory
from nas_tc.architecture import Architecture
from nas_tc.data.cache import cache_folder
from nas_tc.timing import (
    Estimate,
    NodeLock,
    Setting,
    find_reference_speed,
    launched_alike,
    one_thread,
    stopwatch,
    time_interleaved,
    time_rebuilds,
    work_of,
)
from nas_tc.training import choose_device

_REBUILDS = 9  # builds of each network: the median's interval leaves one out at each end
_REBUILD_S = 0.3  # seconds that each build of all networks is timed for, a network
_MOST_S = 300.0


def measure_times(networks: Sequence[Architecture], device: str) -> tuple[Estimate, ...]:
    """Milliseconds of a forward pass of one image of each network, float32, one thread.

    Args:
        networks: Networks to time.
        device: "auto", "cpu" or "cuda".
    """
    chosen, setting = choose_device(device), Setting("forward", 1, "fp32")
    builders = [partial(work_of, each, setting, chosen) for each in networks]
    with one_thread(), NodeLock().timing():
        if chosen.type == "cpu":
            keep_memory()
        watch = stopwatch(chosen, find_reference_speed(chosen, cache_folder()))
        if chosen.type != "cpu":
            runs, _ = launched_alike([build() for build in builders])
            return tuple(ms for ms, _ in time_interleaved(watch, runs, None))
        times = time_rebuilds(
            watch,
            builders,
            rebuilds=_REBUILDS,
            rebuild_s=_REBUILD_S * len(networks),
            most_s=_MOST_S,
        )
    return tuple(times.time(number) for number in range(len(networks)))
