"""How well short trainings rank networks: networks trained by many recipes.

    python benchmarks/fidelity.py --data parquet:DIR --out results/fidelity --variants full,quick8

Networks of `plain-32` at nearly equal complexity (0.87 to 1 of `alexnet*0.6`), some written by
hand, the others drawn evenly, are trained by each variant of the recipe, one process a core. The
error is taken after some epochs, of the weights as they are and of moving averages. One line of
`curves.jsonl` is one training; it goes on where it was stopped. `benchmarks/fidelity_report.py`
compares them, `benchmarks/fidelity_variants.py` has the variants.

With `--range` the networks have 1 to 32 M multiply-adds. With `--trained DIR ...` they are those of
finished experiments (`nas-tc experiment`), whose trainings by `full` count as the variant
"full-muon" and are not done again; `--plain` and `--between` take the plain ones of nearly one cost
among them. With `--there` they are those that `curves.jsonl` has.

Variants `inherit...` begin with the weights of `--parent`, trained by "muon4" before, as
`benchmarks/inherited.py` carries them over; networks that are not plain are left out.

With `--device cuda` many processes share a GPU (`--workers`), and seconds are those of the wall.
"""

import argparse
import json
import multiprocessing
import os
import time
from copy import deepcopy
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

_shared: dict[str, Any] = {}  # of one process: the images as they are on its device


def begin(data: Any, device: str) -> None:
    """Readies a process for all its trainings."""
    import torch

    from nas_tc.training import images_on, settle_on_core, take_huge_pages

    at = torch.device(device)
    if at.type == "cpu":
        settle_on_core()
        take_huge_pages()
    else:
        torch.set_num_threads(1)
    splits = [images_on(at, each) for each in (data.train, data.validation, data.test)]
    _shared.update(data=data, device=at, splits=splits)


def train_one(job: tuple[str, Any, int, tuple[Any, Path] | None]) -> dict[str, Any]:
    """One training on one core: losses, errors and seconds after each epoch."""
    import torch
    from fidelity_variants import VARIANTS, whiten

    from nas_tc.architecture import format_notation
    from nas_tc.cost import complexity, network_cost
    from nas_tc.data.splits import fewer_indices
    from nas_tc.module import build
    from nas_tc.recipe import Recipe
    from nas_tc.training import error_rate
    from nas_tc.training.ema import WeightEma
    from nas_tc.training.train import DivergedError, Training
    from nas_tc.worker.worker import training_seed

    name, network, seed, parent = job
    variant = VARIANTS[name]
    data, device = _shared["data"], _shared["device"]
    recipe = Recipe(augment=tuple(sorted(data.augment)), **variant.fields)
    seen = replace(network, input=(network.input[0], variant.side, variant.side))
    training, validation, test = (each.at(seen.input[1:]) for each in _shared["splits"])
    kept = fewer_indices(data.train.labels, variant.images, len(data.classes), data.name)
    if len(kept) < len(training):
        at = torch.from_numpy(kept).to(device)
        training = replace(training, pixels=training.pixels[at], labels=training.labels[at])
    mean, std = data.moments
    own = training_seed(seed, network)
    module = build(seen, mean=mean, std=std, seed=own, init=recipe.init)
    if variant.inherits:
        from inherited import take_over
        from safetensors.torch import load_file

        assert parent is not None
        trained = build(parent[0], mean=mean, std=std)
        trained.load_state_dict(load_file(parent[1]))
        take_over(module, trained, network, parent[0])
    if variant.whitens:
        whiten(module, training.pixels[:5000].cpu(), mean, std)
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    row: dict[str, Any] = {
        "variant": name,
        "seed": seed,
        "network": format_notation(network.stages),
        "complexity": complexity(network),
        "params": network_cost(network).params,
        "depth": network.depth,
        "losses": [],
        "cpu_s": [],  # of a GPU's wall, beside others
        "errors": {},
        "averaged": {},
    }
    used = 0.0
    with variant.in_place():
        run = Training(module.to(device), training, recipe, seed=own)
        averages = [WeightEma(module, decay) for decay in variant.averages]
        _feed(run, averages)
        for epoch in range(1, recipe.epochs + 1):
            began = clock()
            try:
                row["losses"].append(round(run.run_epoch(), 5))
            except DivergedError:
                break
            used += clock() - began
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
    chosen_by = parser.add_mutually_exclusive_group()
    chosen_by.add_argument("--range", action="store_true", help="1 to 32 M multiply-adds")
    chosen_by.add_argument("--there", action="store_true", help="networks of curves.jsonl")
    chosen_by.add_argument("--trained", type=Path, nargs="+", metavar="DIR", help="of experiments")
    parser.add_argument("--plain", action="store_true", help="plain networks with normalisation")
    parser.add_argument(
        "--between", type=float, nargs=2, default=(0, inf), metavar="M", help="M multiply-adds"
    )
    parser.add_argument("--parent", metavar="NOTATION", help="network that others inherit from")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    args = parser.parse_args()

    from fidelity_networks import from_rows, is_plain, of_experiments, of_one_cost, over_range
    from fidelity_variants import TRAIN_IMAGES, VARIANTS

    from nas_tc.architecture import format_notation, parse_notation
    from nas_tc.cost import complexity
    from nas_tc.data import load_data

    variants = [each.partition("@")[::2] for each in args.variants.split(",")]
    if unknown := [name for name, _ in variants if name not in VARIANTS]:
        parser.error(f"no variant {unknown[0]}; there are {', '.join(VARIANTS)}")
    if args.device == "cuda" and any(VARIANTS[name].averages for name, _ in variants):
        parser.error("averages beside the weights are read on processors only")
    data = load_data(args.data, side=(32, 32), train_images=TRAIN_IMAGES)
    file = args.out / "curves.jsonl"
    args.out.mkdir(parents=True, exist_ok=True)
    rows_there = read(file)
    there = {(row["variant"], row["network"], row["seed"]) for row in rows_there}
    if args.trained:
        least, most = args.between

        def is_wanted(network: Any) -> bool:
            is_usual = is_plain(network.stages) and network.norm == "batch"
            return (is_usual or not args.plain) and least <= complexity(network) / 1e6 <= most

        chosen, rows = of_experiments(args.trained, data, is_wanted)
        new = [row for row in rows if (row["variant"], row["network"], row["seed"]) not in there]
        with file.open("a", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row) + "\n" for row in new)
    elif args.there:
        chosen = from_rows(data, rows_there)
    else:
        chosen = (over_range if args.range else of_one_cost)(data, args.networks)
    parent = None
    if args.parent:
        stages = parse_notation(args.parent)
        chosen = [network for network in chosen if is_plain(network.stages)]
        parent = replace(chosen[0], stages=stages), args.out / "parent.safetensors"
    jobs = [
        (variant, network, int(seed or 0), parent)
        for network in chosen  # all variants of one: what is there can be compared at any time
        for variant, seed in variants
    ]
    jobs = [job for job in jobs if (job[0], format_notation(job[1].stages), job[2]) not in there]
    started = time.time()
    context = multiprocessing.get_context("spawn")
    most_a_process = None if args.device == "cuda" else 20
    with context.Pool(args.workers, begin, (data, args.device), most_a_process) as pool:
        if parent and not parent[1].exists():
            print("parent:", pool.apply(train_one, [("muon4", parent[0], 0, parent)]))
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
