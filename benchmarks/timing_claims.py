"""The paper's claims about time, on this machine.

python benchmarks/timing.py --part claims
python benchmarks/timing.py --part shares
python benchmarks/timing.py --part step
"""

import torch

from nas_tc.cost import complexity
from nas_tc.latency import profile_layers
from nas_tc.timing import Setting, forward_pass, one_thread, stopwatch, training_step
from nas_tc.zoo import ZOO

CPU = torch.device("cpu")


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


def shares() -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    print("| network | convolutions | pooling | fully connected |")
    print("|---|--:|--:|--:|")
    for batch in (1, 8, 32, 128):  # the last is that of the paper
        for name in ("A", "J", "alexnet"):
            with one_thread():
                timed = profile_layers(ZOO[name].architecture, Setting(batch=batch), CPU, fewest=4)
            parts = {"conv": 0.0, "pool": 0.0, "fc": 0.0}
            for signature, ms in timed.layers:
                kind = signature.kind.removeprefix("first ").split()[0]
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
