"""How well short trainings rank networks of one cost: networks trained by many recipes.

    python benchmarks/fidelity.py --data parquet:DIR --out results/fidelity --variants full,quick8

Networks of `plain-32` at nearly equal complexity (0.87 to 1 of `alexnet*0.6`), some written by
hand, the others drawn evenly, are trained by each variant of the recipe, one process a core. The
error is taken after some epochs, of the weights as they are and of moving averages. One line of
`curves.jsonl` is one training; it goes on where it was stopped. `benchmarks/fidelity_report.py`
compares them.

With `--trained DIR ...` the networks are those of finished experiments (`nas-tc experiment`), whose
trainings by `full` count as the variant "full-muon" and are not done again. `--plain` and
`--between` take the plain ones of nearly one cost among them.

Variants `inherit...` begin with the weights of `--parent`, trained by "muon4" before, as
`benchmarks/inherited.py` carries them over; networks that are not plain are left out.
"""

import argparse
import csv
import json
import multiprocessing
import os
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

TRAIN_IMAGES = 10_000
LEAST, MOST = 0.87, 1.0  # of the limit
BY_HAND = (
    "(3,24)/2+(3,24) | 2/2 | (3,48)x2 | 2/2 | (3,96)x2",
    "(3,12) | 2/2 | (3,32)x2 | 2/2 | (3,64)x3",
    "(3,16) | 2/2 | (3,32)x2 | 2/2 | (3,64)x2",
    "(3,16)/2+(3,16)x2 | 2/2 | (3,48)x3 | 2/2 | (3,64)x3+(3,96)",
    "(3,24)/2+(3,24) | (3,48)/2+(3,48) | (3,96)/2+(3,96)x2",
    "(5,24)/2 | 3/2 | (5,96)/2+(5,96) | (2,192)/2+(2,64)",
    "(5,24)/2 | 2/2 | (5,48)x2 | 2/2 | (3,96)x2",
    "(3,32)/2 | 2/2 | (3,64)x2 | 2/2 | (3,128)+(3,96)",
)


@dataclass(frozen=True)
class Variant:
    """One way to train: fields in place of the quick recipe's, and when to look."""

    fields: dict[str, Any]
    looks: tuple[int, ...] = (1, 2, 3, 4, 6, 8)  # epochs after which the error is taken
    averages: tuple[float, ...] = ()  # decays a step of averages that are read besides
    average_looks: tuple[int, ...] = (1, 2, 3)
    images: int = TRAIN_IMAGES
    inherits: bool = False  # the weights that the training begins with


VARIANTS = {  # "full" is the truth; quick ones are of the recipe of version 0.1
    "full": Variant({"epochs": 16, "ema": 0.998}, looks=(16,)),
    "full-muon": Variant({"epochs": 16, "ema": 0.998, "optimizer": "muon"}, looks=(16,)),
    "quick8": Variant({"epochs": 8}, averages=(0.97, 0.99)),
    "quick4": Variant({"epochs": 4}, averages=(0.97,), average_looks=(1, 2)),
    "muon8": Variant({"epochs": 8, "optimizer": "muon"}, averages=(0.97,)),
    "muon4": Variant({"epochs": 4, "optimizer": "muon"}, looks=(1, 2, 4)),
    "muon2": Variant({"epochs": 2, "optimizer": "muon"}, looks=(1, 2)),
    "muon1": Variant({"epochs": 1, "optimizer": "muon"}, looks=(1,)),
    "inherit4": Variant({"epochs": 4, "optimizer": "muon"}, looks=(1, 2, 4), inherits=True),
    "inherit2": Variant({"epochs": 2, "optimizer": "muon"}, looks=(1, 2), inherits=True),
    "inherit1": Variant({"epochs": 1, "optimizer": "muon"}, looks=(1,), inherits=True),
    "rate.03-8": Variant({"epochs": 8, "learning_rate": 0.03}, averages=(0.97,)),
    "rate.03-4": Variant({"epochs": 4, "learning_rate": 0.03}),
}


def trained_networks(
    folders: list[Path], data: Any, is_wanted: Callable[[Any], bool]
) -> tuple[list[Any], list[dict[str, Any]]]:
    """Networks of finished experiments, each once; their trainings as rows of `curves.jsonl`."""
    from nas_tc.architecture import GAP, Architecture, parse_notation
    from nas_tc.cost import complexity, network_cost

    found: dict[str, Any] = {}
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for folder in folders:
        notation = {}
        for each in csv.DictReader((folder / "networks.csv").open(encoding="utf-8")):
            stages = parse_notation(each["notation"])
            network = Architecture(data.shape, stages, GAP, len(data.classes), norm=each["norm"])
            if complexity(network) != int(each["complexity"]) or each.get("head", "gap") != "gap":
                continue  # of other images, or with a hidden layer, which the notation does not say
            if not is_wanted(network):
                continue
            notation[each["network"]] = each["notation"]
            found.setdefault(each["notation"], network)
        for each in csv.DictReader((folder / "trainings.csv").open(encoding="utf-8")):
            if each["failure"] or each["network"] not in notation:
                continue
            name, seed = notation[each["network"]], int(each["seed"])
            network = found[name]
            rows[name, seed] = {
                "variant": "full-muon",
                "seed": seed,
                "network": name,
                "complexity": complexity(network),
                "params": network_cost(network).params,
                "depth": network.depth,
                "losses": [],
                "cpu_s": [],
                "errors": {"16": float(each["val_error"])},
                "averaged": {},
                "test_error": float(each["test_error"]),
            }
    return list(found.values()), list(rows.values())


def networks(data: Any, number: int) -> list[Any]:
    """Networks of nearly equal complexity: by hand where they fit, the others drawn evenly."""
    from nas_tc.architecture import parse_notation
    from nas_tc.budget import parse_budget, resolve_budget
    from nas_tc.cost import complexity
    from nas_tc.space import Feasible, load_space

    space = load_space("plain-32").at(data.shape, len(data.classes))
    limit = resolve_budget(parse_budget("alexnet*0.6"), data.shape, len(data.classes)).complexity
    assert limit is not None
    least = int(LEAST * limit)
    feasible = Feasible(space, least, limit)
    random = np.random.default_rng(0)
    any_network = space.decode({gene.name: gene.choices[0] for gene in space.genes})
    by_hand = (replace(any_network, stages=parse_notation(text)) for text in BY_HAND)
    found = [each for each in by_hand if least <= complexity(each) <= MOST * limit]
    while len(found) < number:
        (values,) = feasible.values(feasible.draw(1, random))
        network = space.decode(values)
        if network not in found:
            found.append(network)
    return found[:number]


def is_plain(stages: Any) -> bool:
    """Whether they have plain convolutions alone, whose weights another network can take over."""
    from nas_tc.architecture import Plain

    return all(stage.block == Plain() for stage in stages)


def train_one(job: tuple[str, Any, int, Any, tuple[Any, Path] | None]) -> dict[str, Any]:
    """One training on one core: losses, errors and processor seconds after each epoch."""
    import torch

    from nas_tc.architecture import format_notation
    from nas_tc.cost import complexity, network_cost
    from nas_tc.module import build
    from nas_tc.recipe import Recipe
    from nas_tc.training import Images, error_rate, settle_on_core, take_huge_pages
    from nas_tc.training.ema import WeightEma
    from nas_tc.training.train import DivergedError, Training
    from nas_tc.worker.worker import training_seed

    name, network, seed, data, parent = job
    variant = VARIANTS[name]
    settle_on_core()
    take_huge_pages()
    recipe = Recipe(augment=tuple(sorted(data.augment)), **variant.fields)
    data = data.with_fewer(variant.images)
    training, validation, test = (
        Images(torch.tensor(split.images), torch.tensor(split.labels))
        for split in (data.train, data.validation, data.test)
    )
    mean, std = data.moments
    own = training_seed(seed, network)
    module = build(network, mean=mean, std=std, seed=own, init=recipe.init)
    if variant.inherits:
        from inherited import take_over
        from safetensors.torch import load_file

        assert parent is not None
        trained = build(parent[0], mean=mean, std=std)
        trained.load_state_dict(load_file(parent[1]))
        take_over(module, trained, network, parent[0])
    run = Training(module, training, recipe, seed=own)
    averages = [WeightEma(module, decay) for decay in variant.averages]
    _feed(run, averages)
    row: dict[str, Any] = {
        "variant": name,
        "seed": seed,
        "network": format_notation(network.stages),
        "complexity": complexity(network),
        "params": network_cost(network).params,
        "depth": network.depth,
        "losses": [],
        "cpu_s": [],
        "errors": {},
        "averaged": {},
    }
    used = 0.0
    for epoch in range(1, recipe.epochs + 1):
        began = time.process_time()
        try:
            row["losses"].append(round(run.run_epoch(), 5))
        except DivergedError:
            break
        used += time.process_time() - began
        row["cpu_s"].append(round(used, 3))
        if epoch in variant.looks or epoch == recipe.epochs:
            row["errors"][epoch] = error_rate(run.evaluated(), validation)
        if epoch in variant.average_looks and averages:
            row["averaged"][epoch] = {
                decay: error_rate(deepcopy(average.network), validation)
                for decay, average in zip(variant.averages, averages, strict=True)
            }
    if name.startswith("full"):
        row["test_error"] = error_rate(run.evaluated(), test)
    if parent is not None and network == parent[0] and not parent[1].exists():
        from safetensors.torch import save_file

        save_file(
            {key: value.contiguous() for key, value in module.state_dict().items()}, parent[1]
        )
    return row


def _feed(run: Any, averages: list[Any]) -> None:
    """Lets the averages take in the weights after each step of the training."""
    step = run._optimizer.step

    def step_and_average(rate: float) -> None:
        step(rate)
        for each in averages:
            each.update(*each.shares(1))
            each.steps += 1

    if averages:
        run._optimizer.step = step_and_average


def read(file: Path) -> list[dict[str, Any]]:
    """The trainings that are there."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", type=Path, default=Path("results/local/fidelity"))
    parser.add_argument("--variants", default="full,quick8", help="NAME or NAME@SEED, with commas")
    parser.add_argument("--networks", type=int, default=36)
    parser.add_argument("--trained", type=Path, nargs="+", metavar="DIR", help="of experiments")
    parser.add_argument("--plain", action="store_true", help="plain networks with normalisation")
    parser.add_argument(
        "--between", type=float, nargs=2, default=(0, inf), metavar="M", help="M multiply-adds"
    )
    parser.add_argument("--parent", metavar="NOTATION", help="network that others inherit from")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    args = parser.parse_args()

    from nas_tc.architecture import format_notation, parse_notation
    from nas_tc.cost import complexity
    from nas_tc.data import load_data

    data = load_data(args.data, side=(32, 32), train_images=TRAIN_IMAGES)
    file = args.out / "curves.jsonl"
    args.out.mkdir(parents=True, exist_ok=True)
    there = {(row["variant"], row["network"], row["seed"]) for row in read(file)}
    if args.trained:
        least, most = args.between

        def is_wanted(network: Any) -> bool:
            is_usual = is_plain(network.stages) and network.norm == "batch"
            return (is_usual or not args.plain) and least <= complexity(network) / 1e6 <= most

        chosen, rows = trained_networks(args.trained, data, is_wanted)
        new = [row for row in rows if (row["variant"], row["network"], row["seed"]) not in there]
        with file.open("a", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row) + "\n" for row in new)
    else:
        chosen = networks(data, args.networks)
    parent = None
    if args.parent:
        stages = parse_notation(args.parent)
        chosen = [network for network in chosen if is_plain(network.stages)]
        parent = replace(chosen[0], stages=stages), args.out / "parent.safetensors"
    jobs = [
        (variant, network, int(seed or 0), data, parent)
        for network in chosen  # all variants of one: what is there can be compared at any time
        for variant, _, seed in (each.partition("@") for each in args.variants.split(","))
    ]
    jobs = [job for job in jobs if (job[0], format_notation(job[1].stages), job[2]) not in there]
    started = time.time()
    with multiprocessing.get_context("spawn").Pool(args.workers, maxtasksperchild=20) as pool:
        if parent and not parent[1].exists():
            print("parent:", pool.apply(train_one, [("muon4", parent[0], 0, data, parent)]))
        for number, row in enumerate(pool.imap_unordered(train_one, jobs), 1):
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(row) + "\n")
            error = next(reversed(row["errors"].values()), float("nan"))
            print(
                f"{number}/{len(jobs)} {row['variant']}@{row['seed']} {row['network']}: "
                f"{error:.2%}, {row['cpu_s'][-1]} cpu s, {time.time() - started:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
