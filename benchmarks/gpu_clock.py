"""The clock of a GPU: replays against eager launches and the profiler's sum of kernels.

    python benchmarks/gpu_clock.py

Twelve networks at batch 1, 8 and 128. The rank correlation of each clock with the sum of the
kernels; the same times with every core of the host busy, which must not move replays by over 2 %;
and the spread of replays over five processes. Needs neither Ray nor Optuna.
"""

import argparse
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from statistics import median

import torch
from gpu_part import Figures, PartFailedError, checked, run_part
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from nas_tc.architecture import Architecture
from nas_tc.latency import agreement, networks_of
from nas_tc.space import load_space
from nas_tc.timing import GraphRun, Run, Setting, one_thread, stopwatch, work_of
from nas_tc.zoo import ZOO

CUDA = torch.device("cuda")
BATCHES = (1, 8, 128)
KNOWN = ("J", "alexnet", "resnet18", "mobilenetv2")
DRAWN = 8
PROCESSES = 5
SPREAD_OF = (0, 3, 8, 10)  # networks that each of the processes times, at batch 1
MOST_MOVED = 0.02
LEAST_SPEARMAN = 0.99
PASSES = 5  # of a network under the profiler


def networks() -> list[Architecture]:
    """Eight of a space at 32 pixels, and four that are known, at 224."""
    drawn = networks_of(load_space("plain-32"), random.Random(0))
    return [*islice(drawn, DRAWN), *(ZOO[name].architecture for name in KNOWN)]


def replayed(architecture: Architecture, batch: int) -> GraphRun:
    """A captured forward pass.

    Raises:
        RuntimeError: It cannot be captured.
    """
    run = work_of(architecture, Setting(batch=batch), CUDA)
    assert isinstance(run, GraphRun)
    if run.graph is None:
        raise RuntimeError(f"not captured: {run.reason}")
    return run


def ms_of(run: Run, repeats: int = 20) -> float:
    """Milliseconds of a pass by the clock that `nas-tc time` has for it."""
    with one_thread():
        return stopwatch(CUDA).time(run, repeats=repeats, least_s=0.0, most_s=5.0).value


def kernels_ms(run: Run) -> float:
    """Milliseconds of the kernels of a pass, summed by the profiler."""
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        for _ in range(PASSES):
            run()
        torch.cuda.synchronize()
    on_gpu = (each for each in profiler.events() if each.device_type == DeviceType.CUDA)
    return sum(each.time_range.elapsed_us() for each in on_gpu) / 1000 / PASSES


@contextmanager
def busy_host() -> Iterator[None]:
    """Keeps every core of the host busy."""
    cores = len(os.sched_getaffinity(0))
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        yield
    finally:
        for each in burners:
            each.kill()
        for each in burners:
            each.wait()


def one_batch(chosen: list[Architecture], batch: int) -> Figures:
    """Times of the networks at one batch, quiet and busy, and their rank correlations."""
    runs = [replayed(each, batch) for each in chosen]
    kernels = [kernels_ms(run.eager) for run in runs]
    quiet = [ms_of(run) for run in runs]
    eager = [ms_of(run.eager) for run in runs]
    with busy_host():
        busy = [ms_of(run) for run in runs]
        busy_eager = [ms_of(run.eager) for run in runs]
    return {
        "replay_ms": [round(ms, 5) for ms in quiet],
        "eager_ms": [round(ms, 5) for ms in eager],
        "kernels_ms": [round(ms, 5) for ms in kernels],
        "spearman_replay": round(agreement(quiet, kernels).spearman, 4),
        "spearman_eager": round(agreement(eager, kernels).spearman, 4),
        "replay_over_kernels": round(median(a / b for a, b in zip(quiet, kernels, strict=True)), 4),
        "eager_over_replay": round(median(a / b for a, b in zip(eager, quiet, strict=True)), 3),
        "busy_moves_replay": _most_moved(quiet, busy),
        "busy_moves_eager": _most_moved(eager, busy_eager),
    }


def spread(processes: int) -> Figures:
    """The times of some networks by several processes, and the largest spread of one network."""
    columns = []
    for _ in range(processes):
        done = subprocess.run(
            [sys.executable, __file__, "--times"], capture_output=True, text=True, check=True
        )
        columns.append(json.loads(done.stdout.splitlines()[-1]))
    rows = [list(row) for row in zip(*columns, strict=True)]
    most = max((max(row) - min(row)) / median(row) for row in rows)
    return {"ms": rows, "largest": round(most, 4)}


def part(processes: int) -> Figures:
    """All figures; raises `PartFailedError` where they miss what they should reach."""
    if not torch.cuda.is_available():
        raise PartFailedError("torch sees no GPU", {})
    chosen = networks()
    figures: Figures = {f"batch {batch}": one_batch(chosen, batch) for batch in BATCHES}
    figures["spread"] = spread(processes)
    misses = []
    for name, found in figures.items():
        if name == "spread":
            continue
        if found["spearman_replay"] < LEAST_SPEARMAN:
            misses.append(f"{name}: Spearman {found['spearman_replay']} with the kernels")
        if found["busy_moves_replay"] > MOST_MOVED:
            misses.append(f"{name}: a busy host moves replays by {found['busy_moves_replay']:.1%}")
    if figures["spread"]["largest"] > MOST_MOVED:
        misses.append(f"processes differ by {figures['spread']['largest']:.1%}")
    return checked(figures, misses)


def _most_moved(before: list[float], after: list[float]) -> float:
    return round(max(abs(b / a - 1) for a, b in zip(before, after, strict=True)), 4)


def main(argv: list[str] | None = None) -> int:
    """Prints the part's JSON line, or with --times the replays of some networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--times", action="store_true", help="replays of some networks, as a list")
    options = parser.parse_args(argv)
    if options.times:
        chosen = networks()
        print(json.dumps([ms_of(replayed(chosen[index], 1), 60) for index in SPREAD_OF]))
        return 0
    return run_part("clock", lambda: part(options.processes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
