"""How far the stopwatch can be trusted, and the paper's claims about time, on this machine.

    python benchmarks/timing.py [--part repeat|claims]

`repeat`: five fresh processes time a network, first alone, then with a process that trains
beside them; (max - min) / median of the five figures. Then a ratio by turns, five times too.
`claims`: forward passes of the paper's networks A to J at 224x224, training steps of A and J.
Prints tables; its last line is JSON.
"""

import argparse
import json
import subprocess
import sys
from statistics import median

import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.cost import complexity
from nas_tc.timing import forward_pass, one_thread, stopwatch, timing_machine, training_step
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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", choices=("repeat", "claims", "one", "ratio"))
    part = parser.parse_args().part
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
    if part in (None, "repeat"):
        found["repeat"] = repeat()
    if part in (None, "claims"):
        found["claims"] = claims()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
