"""How fast costs are counted, beside fvcore on the same networks in the same run.

    python benchmarks/cost.py [--quick]

Prints a table with ratios; its last line is JSON. One thread; each figure is the least of several
repeats. "The first time" is a full cost when no stage of the network was seen before.
"""

import argparse
import json
import logging
import time
import warnings
from collections.abc import Callable
from importlib import import_module

import numpy as np
import torch
from fvcore.nn import FlopCountAnalysis

from nas_tc.cost import Cost, complexity, network_cost
from nas_tc.errors import ArchitectureError
from nas_tc.module import build
from nas_tc.space import complexity_batch, load_space, shipped_spaces
from nas_tc.zoo import ZOO

NAMES = ("J", "vgg16", "resnet18", "mobilenetv2")
CHECKED = 10_000


def forget() -> None:
    """Drops what is remembered of stages seen before."""
    remembered = (
        import_module("nas_tc.architecture.walk"),
        import_module("nas_tc.architecture.map_sizes"),
    )
    remembered[0]._known_stage.cache_clear()
    remembered[1].conv_map_sizes.cache_clear()


def least_s(run: Callable[[], object], repeats: int, before: Callable[[], object] = int) -> float:
    found = []
    for _ in range(repeats):
        before()
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return min(found)


def full_cost(name: str) -> tuple[int, int, int, int, int]:
    """Everything that a cost says in total."""
    cost: Cost = network_cost(ZOO[name].architecture)
    return cost.complexity, cost.macs, cost.flops, cost.params, cost.activation_bytes


def one_network(name: str, repeats: int) -> dict[str, float]:
    architecture = ZOO[name].architecture
    network = build(architecture).eval()
    images = torch.zeros(1, *architecture.input)
    counted: list[int] = []

    def fvcore() -> None:
        counted.append(int(FlopCountAnalysis(network, images).by_operator()["conv"]))

    fvcore_s = least_s(fvcore, repeats)
    assert set(counted) == {complexity(architecture)}, "fvcore counts another number"
    return {
        "first_s": least_s(lambda: full_cost(name), 300 * repeats, before=forget),
        "complexity_s": least_s(lambda: complexity(architecture), 300 * repeats),
        "full_s": least_s(lambda: full_cost(name), 300 * repeats),
        "fvcore_s": fvcore_s,
    }


def whole_space(name: str, count: int, repeats: int) -> dict[str, float]:
    space = load_space(name)
    random = np.random.default_rng(0)
    rows = np.stack([random.integers(0, len(gene.choices), count) for gene in space.genes], axis=1)
    start = time.perf_counter()
    complexity_batch(space, rows[:1])
    prepare_s = time.perf_counter() - start
    batch_s = least_s(lambda: complexity_batch(space, rows), repeats)
    found = complexity_batch(space, rows[:CHECKED])
    equal = 0
    for row, value in zip(rows, found, strict=False):
        values = {gene.name: gene.choices[n] for gene, n in zip(space.genes, row, strict=True)}
        try:
            equal += int(complexity(space.decode(values)) == value)
        except ArchitectureError:
            equal += int(value == -1)
    return {"per_s": count / batch_s, "prepare_s": prepare_s, "equal": equal, "checked": CHECKED}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for logger in ("fvcore", "fvcore.nn.jit_analysis"):
        logging.getLogger(logger).setLevel(logging.ERROR)
    torch.set_num_threads(1)
    repeats = 2 if options.quick else 5
    found: dict[str, dict[str, float]] = {}

    print("| network | Eqn. (1), µs | full cost, µs | the first time, µs | fvcore, ms | ratio |")
    print("|---|--:|--:|--:|--:|--:|")
    for name in NAMES:
        each = found[name] = one_network(name, repeats)
        print(
            f"| {name} | {each['complexity_s'] * 1e6:.1f} | {each['full_s'] * 1e6:.1f} | "
            f"{each['first_s'] * 1e6:.1f} | "
            f"{each['fvcore_s'] * 1e3:,.1f} | {each['fvcore_s'] / each['full_s']:,.0f} |",
            flush=True,
        )
    print()
    print("| space | candidates a second | tables, ms | equal to one at a time |")
    print("|---|--:|--:|--:|")
    for name in shipped_spaces():
        each = found[name] = whole_space(name, 1_000_000, repeats)
        print(
            f"| {name} | {each['per_s']:,.0f} | {each['prepare_s'] * 1e3:.1f} | "
            f"{each['equal']:,.0f} of {each['checked']:,.0f} |"
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
