"""How far the stopwatch can be trusted, and the paper's claims about time, on this machine.

    python benchmarks/timing.py [--part repeat|ways|verdict|claims|shares|step|search]

`repeat`: five fresh processes time a network, first alone, then with a process that trains
beside them; (max - min) / median of the five figures. Then a ratio by turns, five times too.
`ways`: other ways to a figure that repeats, in five fresh processes too: five builds of the
network, the lowest over all, the ratio to a matrix product that is timed in the same moments.
`verdict`: what it costs to foretell a network's time, and to enter a training step by the lock.
`claims`: forward passes of the paper's networks A to J at 224x224, training steps of A and J.
`shares`: how much of a forward pass the fully connected layers and the pooling take.
`step`: a training step of J with 128 images against a forward pass; minutes, so only by name.
`search`: what timing takes of a search's wall time once the table is warm; minutes, so only by
name. It fills a table in a folder of its own with 150 networks, then trains 100 networks of
plain-32 on the digits; half of the space is within the budget, or take `--budget`.
How well a table foretells is shown by `nas-tc calibrate --check`. Prints tables; its last line is
JSON.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from statistics import fmean, median
from typing import Any

import torch

from nas_tc import search
from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.budget import parse_budget
from nas_tc.cost import complexity
from nas_tc.search import Silence, StudyRecord
from nas_tc.space import load_space
from nas_tc.timing import (
    Inside,
    LayerTimes,
    NodeLock,
    Setting,
    TimeTable,
    calibrate,
    default_table,
    forward_pass,
    lowest,
    networks_of,
    nodes_of,
    one_thread,
    stopwatch,
    time_inside,
    time_limits,
    time_network,
    timing_machine,
    training_step,
    unit_of,
)
from nas_tc.zoo import ZOO

CPU = torch.device("cpu")
PROCESSES = 5
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


def spread(figures: list[float]) -> float:
    return (max(figures) - min(figures)) / median(figures)


def in_fresh_processes(part: str) -> list[float]:
    command = [sys.executable, __file__, "--part", part]
    return [
        float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(PROCESSES)
    ]


def repeat() -> dict[str, float]:
    found: dict[str, float] = {}
    print(f"{NOTATION} at 64x64, batch 1, fp32, {PROCESSES} fresh processes")
    for beside in (False, True):
        other = None
        if beside:
            other = subprocess.Popen(
                [sys.executable, "-c", BESIDE], stdout=subprocess.PIPE, text=True
            )
            assert other.stdout is not None
            other.stdout.readline()
        try:
            for part in ("one", "ratio"):
                figures = in_fresh_processes(part)
                name = f"{part}, {'training beside' if beside else 'alone'}"
                found[name] = spread(figures)
                listed = " ".join(f"{each:.4f}" for each in figures)
                print(f"{name:24} spread {spread(figures):6.2%}  ({listed})", flush=True)
        finally:
            if other is not None:
                other.kill()
                other.wait()
    return found


def ways() -> dict[str, float]:
    """The spread of several figures, all drawn from the same ten seconds of each process."""
    command = [sys.executable, __file__, "--part", "builds"]
    found: dict[str, list[float]] = {}
    within = []
    for _ in range(PROCESSES):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        builds = json.loads(done.stdout)  # of each build the samples of network and product
        lows = [lowest(own).value for own, _ in builds]
        within.append(spread(lows))
        every = [[ms for build in builds for ms in build[which]] for which in (0, 1)]
        for name, value in {
            "one build, lowest": lows[0],
            "five builds, lowest of all": lowest(every[0]).value,
            "five builds, median of their lowest": median(lows),
            "one build, to the product": lows[0] / lowest(builds[0][1]).value,
            "five builds, to the product": lowest(every[0]).value / lowest(every[1]).value,
            "five builds, median of turns": median(a / b for a, b in zip(*every, strict=True)),
            "the product itself": lowest(every[1]).value,
        }.items():
            found.setdefault(name, []).append(value)
    for name, figures in found.items():
        listed = " ".join(f"{each:.4f}" for each in figures)
        print(f"{name:36} spread {spread(figures):6.2%}  ({listed})")
    print(f"{'builds within a process':36} spread " + " ".join(f"{each:.2%}" for each in within))
    return {name: spread(figures) for name, figures in found.items()}


def builds(count: int = 5, seconds: float = 2.0) -> list[list[list[float]]]:
    """Of each build of the network so many seconds of turns with a matrix product."""
    clock = stopwatch(CPU).clock
    matrix = torch.rand(256, 256)

    def product() -> None:
        torch.mm(matrix, matrix)

    found = []
    for _ in range(count):
        run = forward_pass(network())
        for _ in range(10):
            run()
        samples: list[list[float]] = [[], []]
        started = time.monotonic()
        while time.monotonic() - started < seconds:
            for each, column in zip((run, product), samples, strict=True):
                each()
                column.append(clock(each))
        found.append(samples)
    return found


def claims() -> dict[str, dict[str, float]]:
    watch = stopwatch(CPU)
    found: dict[str, dict[str, float]] = {}
    with one_thread():
        print("A to J at 224x224, batch 1, fp32, one thread")
        print("| network | multiply-adds | forward, ms | ms per 10^9 |")
        print("|---|--:|--:|--:|")
        for name in "ABCDEFGHIJ":
            macs = complexity(ZOO[name].architecture)
            ms = watch.time(forward_pass(ZOO[name].architecture), repeats=20).value
            found[name] = {"complexity": macs, "forward_ms": ms}
            print(f"| {name} | {macs:,} | {ms:.1f} | {ms / macs * 1e9:.1f} |", flush=True)
        print("| network | forward of 4 images, ms | step, ms | step / forward |")
        print("|---|--:|--:|--:|")
        for name in "AJ":
            architecture = ZOO[name].architecture
            forward = watch.time(forward_pass(architecture, batch=4), repeats=20).value
            step = watch.time(training_step(architecture, batch=4), repeats=20).value
            found[name] |= {"forward_4_ms": forward, "step_4_ms": step}
            print(f"| {name} | {forward:.1f} | {step:.1f} | {step / forward:.2f} |", flush=True)
    return found


def verdict() -> dict[str, float]:
    """Microseconds: of networks not seen before, with layers that were, and were not; of a lock."""
    space = load_space("plain-32").at((3, 64, 64), 10)
    times = LayerTimes()
    networks = list(islice(networks_of(space, random.Random(1)), 2000))
    for network in networks[:1000]:
        units = [unit_of(n, first=i == 0) for i, n in enumerate(nodes_of(network))]
        times.add(network, Inside(1.0, tuple((unit, 0.1) for unit in units)))
    costs = [(_us(times.predict, each), times.predict(each)) for each in networks[1000:]]
    lock = NodeLock()

    def step(_: object) -> None:
        with lock.step():
            pass

    found = {
        "known_layers_us": median(us for us, said in costs if said and not said.guessed),
        "new_layers_us": median(us for us, said in costs if said and said.guessed),
        "again_us": median(_us(times.predict, each) for each in networks[1000:]),
        "lock_us": median(_us(step, None) for _ in range(2000)),
    }
    for name, each in found.items():
        print(f"{name:16} {each:8.1f}")
    return found


def _us(call: Callable[[Any], object], argument: object) -> float:
    started = time.thread_time_ns()
    call(argument)
    return (time.thread_time_ns() - started) / 1e3


def shares() -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    print("| network | convolutions | pooling | fully connected |")
    print("|---|--:|--:|--:|")
    for batch in (1, 16):
        for name in ("A", "J", "alexnet"):
            with one_thread():
                timed = time_inside(ZOO[name].architecture, Setting(batch=batch), CPU)
            parts = {"conv": 0.0, "pool": 0.0, "fc": 0.0}
            for unit, ms in timed.units:
                kind = unit.kind.removeprefix("first ").split()[0]
                parts[kind if kind in ("conv", "fc") else "pool"] += ms
            whole = sum(parts.values())
            found[f"{name}, {batch} images"] = {k: ms / whole for k, ms in parts.items()}
            cells = " | ".join(f"{ms / whole:.1%}" for ms in parts.values())
            print(f"| {name}, batch {batch} | {cells} |", flush=True)
    return found


def step() -> dict[str, float]:
    """One warm-up and two runs of each; the lower of the two."""
    with one_thread():
        clock = stopwatch(CPU).clock
        runs = {
            "forward_128_ms": forward_pass(ZOO["J"].architecture, batch=128),
            "step_128_ms": training_step(ZOO["J"].architecture, batch=128),
        }
        found = {}
        for name, run in runs.items():
            run()
            found[name] = min(clock(run), clock(run))
            print(f"{name:16} {found[name]:10.0f}", flush=True)
    print(f"a step is {found['step_128_ms'] / found['forward_128_ms']:.2f} forward passes")
    return found


def searching(budget: str | None, networks: int, trials: int) -> dict[str, Any]:
    """Timing's share of a search: seconds that workers spent on it, over the wall time."""
    space = load_space("plain-32").at((1, 32, 32), 10)  # the digits
    with tempfile.TemporaryDirectory() as folder, one_thread():
        os.environ["NAS_TC_CACHE"] = folder
        table = TimeTable.here(CPU)
        times = table.of(Setting())
        started = time.monotonic()
        for limit in time_limits(parse_budget(budget or "1M").times, (1, 32, 32), 10, "cpu"):
            if limit.reference is not None:
                time_network(times, limit.reference, Setting(), CPU, check=False)
        timed = list(calibrate(times, space, Setting(), CPU, networks=networks))
        filling_s = time.monotonic() - started
        table.write(default_table(Path(folder), table.machine))
        drawn = list(islice(networks_of(space, random.Random(2)), 500))
        said = median(found.ms for each in drawn if (found := times.predict(each)))
        budget = budget or f"latency<={said:.4f}ms"
        print(f"{len(timed)} networks in {filling_s:.0f} s, {len(times.units)} layers; {budget}")
        record = search(
            budget,
            data="digits",
            trials=trials,
            study=Path(folder) / "study.db",
            device="cpu",
            listener=Notes(),
        )
        states = Counter(trial.state for trial in record.trials)
        seconds = sorted(trial.timing_s for trial in record.trials if trial.timing_s is not None)
        found = {
            "budget": budget,
            **record.timing,
            "share": record.timing["timing_s"] / record.timing["search_s"],
            "states": dict(states),
            "verdicts": dict(
                Counter(f["verdict"] for t in record.trials for f in t.times.values())
            ),
            "median_timing_s": median(seconds),
            "worst_timing_s": seconds[-1],
            "mean_train_s": fmean(t.train_s for t in record.trials if t.train_s is not None),
            "front": len(record.front),
            "front_within": again_within(record),
        }
    for name, value in found.items():
        print(f"{name:16} {value}")
    return found


def again_within(record: StudyRecord) -> str:
    """The front timed once more by a fresh process, as the budget counts it."""
    script = Path(__file__).with_name("search_times.py")
    command = [sys.executable, str(script), str(record.path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    print(done.stdout)
    return done.stdout.splitlines()[-2]


class Notes(Silence):
    """Prints what a search has to say once."""

    def note(self, text: str) -> None:
        print(text, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--budget", help="of the search, in place of the median time of the space")
    parser.add_argument("--networks", type=int, default=150, help="that the table is filled with")
    parser.add_argument("--trials", type=int, default=100)
    parts = {"repeat": repeat, "verdict": verdict, "claims": claims, "shares": shares}
    parser.add_argument(
        "--part", choices=(*parts, "ways", "step", "search", "one", "ratio", "builds")
    )
    arguments = parser.parse_args()
    part = arguments.part
    if part == "builds":
        with one_thread():
            print(json.dumps(builds()))
        return
    if part in ("one", "ratio"):
        watch = stopwatch(CPU)
        run = forward_pass(network())
        with one_thread():
            if part == "one":
                print(watch.time(run).value)
            else:
                reference = forward_pass(network(REFERENCE))
                print(watch.ratio(run, reference).value)
        return
    with one_thread():
        found: dict[str, object] = {"machine": timing_machine(CPU)}
    if part == "step":
        found[part] = step()
    if part == "ways":
        found[part] = ways()
    if part == "search":
        found[part] = searching(arguments.budget, arguments.networks, arguments.trials)
    for name, run_part in parts.items():
        if part in (None, name):
            found[name] = run_part()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
