"""How far the stopwatch can be trusted, and the paper's claims about time, on this machine.

    python benchmarks/timing.py [--part repeat|ways|verdict|claims|shares|step|search]

`repeat`: five fresh processes of `nas-tc time`, first alone, then with a process that trains
beside them; (max - min) / median of the five figures. Then an interleaved ratio, five times too.
`ways`: other ways to a figure that repeats, in five fresh processes too: one build and several, the
lowest sample to the median, as the clock reads it and corrected by baseline networks in the same
moments; of a small network, of the same at 224x224 (`--network large`), of AlexNet at 64x64, or of
J. By name only.
`verdict`: what it costs to predict a network's time, and to enter a training step under the lock.
`claims`: forward passes of the paper's networks A to J at 224x224, training steps of A and J.
`shares`: how much of a forward pass the fully connected layers and the pooling take.
`step`: a training step of J with 128 images against a forward pass; minutes, so only by name.
`search`: what timing takes of a search's wall time once the table is warm; minutes, so only by
name. It fills a table in a folder of its own with 150 networks, then trains 100 networks of
plain-32 on the digits; half of the space is within the budget, or take `--budget`.
How well a table predicts is shown by `nas-tc calibrate --check`. Prints tables; its last line is
JSON.
"""

import argparse
import json
import random
import time
from collections.abc import Callable
from itertools import islice
from statistics import median
from typing import Any

import torch
from timing_claims import claims, shares, step
from timing_repeat import NETWORKS, repeat, ways
from timing_search import searching

from nas_tc.latency import LayerProfile, LayerTimes, networks_of, signatures_of
from nas_tc.space import load_space
from nas_tc.timing import NodeLock, one_thread, timing_machine


def verdict() -> dict[str, float]:
    """Microseconds: of networks not seen before, with layers that were, and were not; of a lock."""
    space = load_space("plain-32").at((3, 64, 64), 10)
    times = LayerTimes()
    networks = list(islice(networks_of(space, random.Random(1)), 2000))
    for network in networks[:1000]:
        signatures = signatures_of(network)
        times.add(network, LayerProfile(1.0, tuple((each, 0.1) for each in signatures)))
    costs = [(_us(times.predict, each), times.predict(each)) for each in networks[1000:]]
    lock = NodeLock()

    def step(_: object) -> None:
        with lock.step():
            pass

    found = {
        "known_layers_us": median(us for us, found in costs if found and not found.guessed),
        "new_layers_us": median(us for us, found in costs if found and found.guessed),
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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--budget", help="of the search, in place of the median time of the space")
    parser.add_argument("--networks", type=int, default=150, help="that the table is filled with")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--network", choices=tuple(NETWORKS), default="small", help="of the ways")
    parts = {"repeat": repeat, "verdict": verdict, "claims": claims, "shares": shares}
    parser.add_argument("--part", choices=(*parts, "ways", "step", "search"))
    arguments = parser.parse_args()
    by_name: dict[str, Callable[[], Any]] = {
        "ways": lambda: ways(arguments.network),
        "step": step,
        "search": lambda: searching(arguments.budget, arguments.networks, arguments.trials),
    }
    with one_thread():
        found: dict[str, object] = {"machine": timing_machine(torch.device("cpu"))}
    for name, run in (parts | by_name).items():
        if arguments.part == name or (arguments.part is None and name in parts):
            found[name] = run()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
