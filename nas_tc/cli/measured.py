"""The figures of `nas-tc time`, as its JSON has them; loads torch."""

from collections.abc import Sequence
from math import inf
from typing import Any

import torch

from nas_tc._heap import keep_memory
from nas_tc.data.cache import cache_folder
from nas_tc.timing import (
    BUILDS,
    MOST_S,
    REPEATS,
    Estimate,
    Make,
    Stopwatch,
    decide_builds,
    find_reference_speed,
    stopwatch,
    time_builds,
)


def watch_of(device: torch.device) -> Stopwatch:
    """The device's stopwatch, at its calm pace; call it within `one_thread` on a processor."""
    if device.type == "cpu":
        keep_memory()
    return stopwatch(device, find_reference_speed(device, cache_folder()))


def by_builds(
    watch: Stopwatch,
    makes: Sequence[Make],
    limit_ms: float | None,
    builds: int,
    repeats: int,
) -> dict[str, Any]:
    """Figures of a processor: over several builds, at the machine's calm pace."""
    verdict = {}
    if limit_ms is None:
        # Who asks for more has it, however long it takes.
        most_s = MOST_S if builds <= BUILDS and repeats <= REPEATS else inf
        times = time_builds(watch, makes, builds=builds, repeats=repeats, most_s=most_s)
    else:
        times, said = decide_builds(watch, makes, limit_ms)
        verdict = {"verdict": said}
    values = {
        **_figures(times.time()),
        "builds": len(times.built),
        "raw_ms": times.raw_ms(),
        "pace": times.pace,
        **verdict,
    }
    return values | (_ratio(times.ratio()) if len(makes) > 1 else {})


def by_one_build(
    watch: Stopwatch, makes: Sequence[Make], limit_ms: float | None, repeats: int
) -> dict[str, Any]:
    """Figures of a GPU, which has no pace and repeats as it is."""
    run, *reference = (make() for make in makes)
    verdict = {}
    if limit_ms is None:
        found = watch.time(run, repeats=repeats)
    else:
        found, said = watch.decide(run, limit_ms)
        verdict = {"verdict": said}
    values = {**_figures(found), "builds": 1, "raw_ms": found.value, "pace": None, **verdict}
    return values | (_ratio(watch.ratio(run, *reference, turns=repeats)) if reference else {})


def _figures(found: Estimate) -> dict[str, Any]:
    return {
        "latency_ms": found.value,
        "low_ms": found.low,
        "high_ms": found.high,
        "quantile": found.quantile,
        "repeats": found.samples,
    }


def _ratio(found: Estimate) -> dict[str, Any]:
    return {
        "ratio": found.value,
        "ratio_low": found.low,
        "ratio_high": found.high,
        "turns": found.samples,
    }
