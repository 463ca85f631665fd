"""How well times repeat over fresh processes, and what other ways to a figure would give.

python benchmarks/timing.py --part repeat
python benchmarks/timing.py --part ways [--network small|alexnet|large|J]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from statistics import median
from typing import Any

import torch

from nas_tc._heap import give_back_memory, keep_memory
from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.timing import (
    BASELINES,
    LOW_QUARTILE,
    MEDIAN,
    baseline_weights,
    forward_pass,
    one_thread,
    quantile_of,
    stopwatch,
)
from nas_tc.zoo import ZOO

CPU = torch.device("cpu")
PROCESSES = 5
REBUILDS = 15
REBUILD_S = 0.4
COLUMNS = 1 + len(BASELINES)
QUANTILES = {0.02: "lowest", 0.1: "lower tenth", LOW_QUARTILE: "lower quartile", MEDIAN: "median"}
NOTATION = "(5,32)/2 | 3/2 | (3,64)x2 | 2/2 | (3,128)x2"
REFERENCE = "(7,32)/2 | 3/2 | (3,96)x2 | 2/2 | (3,192)x2"
BESIDE = """
import torch
from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.timing import training_step
torch.set_num_threads(1)
stages = parse_notation("(3,64)x2 | 2/2 | (3,64)")
step = training_step(Architecture((3, 32, 32), stages, GAP, 10), batch=64)
print("training", flush=True)
while True:
    step()
"""


def network(notation: str = NOTATION) -> Architecture:
    return Architecture((3, 64, 64), parse_notation(notation), GAP, 10)


NETWORKS = {
    "small": network(),
    "alexnet": ZOO["alexnet"].architecture.at((3, 64, 64)),
    "large": network().at((3, 224, 224)),
    "J": ZOO["J"].architecture,
}


def spread(figures: list[float]) -> float:
    return (max(figures) - min(figures)) / median(figures)


def line(name: str, figures: list[float]) -> float:
    listed = " ".join(f"{each:.4f}" for each in figures)
    print(f"{name:40} spread {spread(figures):6.2%}  ({listed})", flush=True)
    return spread(figures)


@contextmanager
def beside(training: bool) -> Iterator[None]:
    """With a process that trains beside us, or without."""
    if not training:
        yield
        return
    other = subprocess.Popen([sys.executable, "-c", BESIDE], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    other.stdout.readline()
    try:
        yield
    finally:
        other.kill()
        other.wait()


def repeat() -> dict[str, float]:
    """`nas-tc time` in fresh processes, as its users run it."""
    found: dict[str, float] = {}
    print(f"{NOTATION} at 64x64, batch 1, fp32, {PROCESSES} fresh processes of nas-tc time")
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("network.json", "reference.json")]
        for file, notation in zip(files, (NOTATION, REFERENCE), strict=True):
            file.write_text(json.dumps(network(notation).to_dict()))
        # Without a cache there is no reference speed; a folder of our own has one from the start.
        cache = {} if os.environ.get("NAS_TC_CACHE") else {"NAS_TC_CACHE": folder}
        for training in (False, True):
            with beside(training):
                for against in ((), ("--against", str(files[1]))):
                    rows = [_nas_tc_time(files[0], against, cache) for _ in range(PROCESSES)]
                    where = "training beside" if training else "alone"
                    columns = ("ratio",) if against else ("latency_ms", "raw_ms", "slowdown")
                    for column in columns:
                        name = f"{column}, {where}"
                        found[name] = line(name, [row[column] for row in rows])
    return found


def _nas_tc_time(file: Path, against: tuple[str, ...], cache: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "nas_tc.cli", "time", str(file), *against, "--json"]
    environment = {**os.environ, **cache}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return dict(json.loads(done.stdout))


def ways(name: str) -> dict[str, float]:
    """The spread of several figures, all drawn from the same seconds of each process."""
    rows = []
    for _ in range(PROCESSES):
        command = [sys.executable, __file__, name]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        rows.append(
            json.loads(done.stdout)
        )  # of each build [own, baseline network, baseline network, ...]
    middle = [median(median(build[column]) for build in rows[0]) for column in range(COLUMNS)]
    print(f"{name}, {REBUILDS} builds of {REBUILD_S} s, {PROCESSES} fresh processes")
    print("median times: network, baselines:", " ".join(f"{ms:.2f} ms" for ms in middle))
    weights = baseline_weights(middle[1:], middle[0])
    found = {}
    for rebuilds, which in ((1, "one build"), (REBUILDS, "all builds")):
        for quantile, which_sample in QUANTILES.items():
            for beside_it, by in (
                ("", {}),
                (", by the smallest", {0: 1.0}),
                (", its own", weights),
            ):
                label = f"{which}, {which_sample}{beside_it}"
                figures = [corrected(row[:rebuilds], quantile, by) for row in rows]
                found[f"{name}, {label}"] = line(label, figures)
    for column in range(1, COLUMNS):
        figures = [median(quantile_of(each[column], LOW_QUARTILE) for each in row) for row in rows]
        label = f"baseline network {column} itself"
        found[f"{name}, {label}"] = line(label, figures)
    return found


def corrected(rebuilds: list[list[list[float]]], quantile: float, by: dict[int, float]) -> float:
    """The median over builds, of the ratio to baselines if there are any, by their weights."""
    return median(
        quantile_of(own, quantile)
        / prod(quantile_of(baselines[kind], quantile) ** share for kind, share in by.items())
        for own, *baselines in rebuilds
    )


def rebuilds_of(name: str) -> list[list[list[float]]]:
    """Of each build of a network the samples of its own and of the baselines."""
    keep_memory()
    clock = stopwatch(CPU).clock
    found = []
    for _ in range(REBUILDS):
        give_back_memory()
        runs = [forward_pass(each) for each in (NETWORKS[name], *BASELINES)]
        columns: list[list[float]] = [[] for _ in runs]
        started = time.monotonic()
        while len(columns[0]) < 6 or time.monotonic() - started < REBUILD_S:
            for run, column in zip(runs, columns, strict=True):
                run()
                column += [clock(run) for _ in range(3)]
        found.append(columns)
    return found


if __name__ == "__main__":
    with one_thread():
        print(json.dumps(rebuilds_of(sys.argv[1])))
