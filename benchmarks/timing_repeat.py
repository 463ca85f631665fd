"""How well times repeat over fresh processes, and what other ways to a figure would give.

python benchmarks/timing.py --part repeat
python benchmarks/timing.py --part ways [--network small|alexnet|J]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.timing import PACEMAKER, forward_pass, one_thread, stopwatch
from nas_tc.training import settle_on_core, take_huge_pages
from nas_tc.zoo import ZOO

CPU = torch.device("cpu")
PROCESSES = 5
BUILDS = 15
BUILD_S = 0.4
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
        # With no cache there is no usual pace; a folder of our own has one from its first process.
        cache = {} if os.environ.get("NAS_TC_CACHE") else {"NAS_TC_CACHE": folder}
        for training in (False, True):
            with beside(training):
                for against in ((), ("--against", str(files[1]))):
                    rows = [_nas_tc_time(files[0], against, cache) for _ in range(PROCESSES)]
                    where = "training beside" if training else "alone"
                    columns = ("ratio",) if against else ("latency_ms", "raw_ms", "pace")
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
    rows: dict[str, list[list[list[float]]]] = {"small pages": [], "huge pages": []}
    for _ in range(PROCESSES):  # by turns, for the machine drifts
        for pages, found in rows.items():
            command = [sys.executable, __file__, name, pages]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found.append(json.loads(done.stdout))  # of each build [own, product, pacemaker]
    figures: dict[str, Callable[[list[Any]], float]] = {
        "one build, lowest": lambda builds: second(builds[0][0]),
        "all builds, lowest": lambda builds: min(second(own) for own, *_ in builds),
        "all builds, median of the lowest": lambda builds: median(second(o) for o, *_ in builds),
        "one build, to the pacemaker": lambda builds: to(2, builds[:1]),
        "all builds, to the product": lambda builds: to(1, builds),
        "all builds, to the pacemaker": lambda builds: to(2, builds),
        "the product itself": lambda builds: median(second(each[1]) for each in builds),
        "the pacemaker itself": lambda builds: median(second(each[2]) for each in builds),
    }
    print(f"{name}, {BUILDS} builds of {BUILD_S} s, {PROCESSES} fresh processes")
    return {
        f"{name}, {pages}, {label}": line(f"{pages}, {label}", [figure(row) for row in found])
        for pages, found in rows.items()
        for label, figure in figures.items()
    }


def to(other: int, builds: list[list[list[float]]]) -> float:
    """The median over builds of the ratio to what took turns with the network."""
    return median(second(build[0]) / second(build[other]) for build in builds)


def second(samples: list[float]) -> float:
    return sorted(samples)[:2][-1]


def builds(name: str) -> list[list[list[float]]]:
    """Of each build of a network the samples of its own, a matrix product and the pacemaker."""
    clock = stopwatch(CPU).clock
    found = []
    for _ in range(BUILDS):
        left, right, out = (torch.rand(256, 256) for _ in range(3))
        pacemaker, run = forward_pass(PACEMAKER), forward_pass(NETWORKS[name])

        def product(left=left, right=right, out=out) -> None:  # type: ignore[no-untyped-def]
            torch.mm(left, right, out=out)

        runs = ((run, 1), (product, 2), (pacemaker, 1))  # and how often one is not counted
        columns: list[list[float]] = [[] for _ in runs]
        started = time.monotonic()
        while len(columns[0]) < 6 or time.monotonic() - started < BUILD_S:
            for (each, uncounted), column in zip(runs, columns, strict=True):
                for _ in range(uncounted):
                    each()
                column += [clock(each) for _ in range(3)]
        found.append(columns)
    return found


if __name__ == "__main__":
    if sys.argv[2] == "huge pages":
        settle_on_core()
        take_huge_pages()
    with one_thread():
        print(json.dumps(builds(sys.argv[1])))
