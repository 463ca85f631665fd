"""The figures of `nas-tc time`, as its JSON has them; loads torch."""

from collections.abc import Sequence
from math import inf
from typing import Any

import torch

from nas_tc._heap import keep_memory
from nas_tc.data.cache import cache_folder
from nas_tc.timing import (
    REBUILDS,
    REBUILDS_S,
    REPEATS,
    Builder,
    Estimate,
    GraphRun,
    Runtime,
    Stopwatch,
    decide_rebuilds,
    find_reference_speed,
    launched_alike,
    stopwatch,
    time_ratio,
    time_rebuilds,
)
from nas_tc.training import choose_device


def device_of(name: str, runtime: str) -> torch.device:
    """The device to time on; onnxruntime runs on the processor where nothing else is asked.

    Args:
        name: "auto", "cpu" or "cuda".
        runtime: "torch" or "onnxruntime".

    Raises:
        NasTcError: There is no such device.
    """
    return choose_device("cpu" if name == "auto" and runtime == "onnxruntime" else name)


def watch_of(device: torch.device, runtime: Runtime) -> Stopwatch:
    """The device's stopwatch at its reference speed; call it within `one_thread` on a processor.

    Args:
        device: Device to time on.
        runtime: Program that runs the networks.
    """
    if device.type == "cpu":
        keep_memory()
    return stopwatch(device, find_reference_speed(device, cache_folder(), runtime))


def by_builds(
    watch: Stopwatch,
    builders: Sequence[Builder],
    limit_ms: float | None,
    rebuilds: int,
    repeats: int,
) -> dict[str, Any]:
    """Figures of a processor: over several builds, at the reference speed."""
    judged = {}
    if limit_ms is None:
        # Who asks for more has it, however long it takes.
        most_s = REBUILDS_S if rebuilds <= REBUILDS and repeats <= REPEATS else inf
        times = time_rebuilds(watch, builders, rebuilds=rebuilds, repeats=repeats, most_s=most_s)
    else:
        times, verdict = decide_rebuilds(watch, builders, limit_ms)
        judged = {"verdict": verdict}
    values = {
        **_figures(times.time()),
        **_correction(len(times.rebuilds), times.raw_ms(), times.slowdown),
        **judged,
    }
    return values | (_ratio(times.ratio()) if len(builders) > 1 else {})


def by_one_build(
    watch: Stopwatch, builders: Sequence[Builder], limit_ms: float | None, repeats: int
) -> dict[str, Any]:
    """Figures of a GPU, which needs no reference speed: its times repeat as they are."""
    runs, reason = launched_alike([build() for build in builders])
    run, *reference = runs
    judged = {}
    if limit_ms is None:
        found = watch.time(run, repeats=repeats)
    else:
        found, verdict = watch.decide(run, limit_ms)
        judged = {"verdict": verdict}
    eager = watch.time(run.eager, repeats=repeats) if isinstance(run, GraphRun) else found
    values = {
        **_figures(found),
        **_correction(1, found.value, None),
        **judged,
        "eager_ms": eager.value,
        "eager_low_ms": eager.low,
        "eager_high_ms": eager.high,
        "eager_ratio": eager.value / found.value,
        "not_captured": reason,
    }
    return values | (
        _ratio(time_ratio(watch, run, *reference, rounds=repeats)) if reference else {}
    )


def _figures(found: Estimate) -> dict[str, Any]:
    return {
        "latency_ms": found.value,
        "low_ms": found.low,
        "high_ms": found.high,
        "quantile": found.quantile,
        "repeats": found.samples,
    }


def _correction(rebuilds: int, raw_ms: float, slowdown: float | None) -> dict[str, Any]:
    """How often the network was built and what was corrected; `builds`, `pace`: names of 0.1."""
    return {
        "rebuilds": rebuilds,
        "builds": rebuilds,
        "raw_ms": raw_ms,
        "slowdown": slowdown,
        "pace": slowdown,
    }


def _ratio(found: Estimate) -> dict[str, Any]:
    return {
        "ratio": found.value,
        "ratio_low": found.low,
        "ratio_high": found.high,
        "rounds": found.samples,
        "turns": found.samples,  # the name of 0.1
    }
