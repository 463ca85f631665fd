"""What the pruner saves and what it costs, on the learning curves of networks trained to the end.

    python benchmarks/pruning.py --data parquet:DIR --out results/pruning

Networks of `plain-32` within `alexnet*0.6`, drawn evenly, are trained by the recipe of a search,
none stopped, their error taken after each epoch. Then searches are replayed on these curves: two
workers, many orders, the real pruner with different settings and rungs; so that every setting is
judged on the same networks. It goes on where it was stopped; the last line is JSON.
"""

import argparse
import heapq
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
import optuna
import torch
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.trial import TrialState

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.data import load_data
from nas_tc.errors import ArchitectureError
from nas_tc.module import build
from nas_tc.recipe import load_recipe
from nas_tc.sampler import ParetoPruner
from nas_tc.space import load_space
from nas_tc.training import Images, error_rate, settle_on_core
from nas_tc.training.train import Training
from nas_tc.worker.worker import training_seed

CHANCE = 0.9  # error of a guess among ten classes


def collect(file: Path, data_spec: str, train_images: int, goal: int) -> None:
    """Trains networks until `goal` curves are in the file."""
    settle_on_core()
    data = load_data(data_spec, side=(32, 32), train_images=train_images)
    space = load_space("plain-32").at(data.shape, len(data.classes))
    limit = resolve_budget(parse_budget("alexnet*0.6"), data.shape, len(data.classes))
    recipe = replace(load_recipe("quick"), margin=0, augment=tuple(sorted(data.augment)))
    mean, std = data.moments
    training, validation = (
        Images(torch.from_numpy(split.images.copy()), torch.from_numpy(split.labels.copy()))
        for split in (data.train, data.validation)
    )
    random = np.random.default_rng(0)
    for number in range(goal):
        while True:
            values = {g.name: g.choices[random.integers(len(g.choices))] for g in space.genes}
            network = space.decode(values)
            try:
                if limit.admits(complexity(network)):
                    break
            except ArchitectureError:
                continue
        if number < len(read(file)):
            continue
        seed = training_seed(0, network)
        module = build(network, mean=mean, std=std, seed=seed, init=recipe.init)
        run = Training(module, training, recipe, seed=seed)
        errors = []
        for _ in range(recipe.epochs):
            run.run_epoch()
            errors.append(error_rate(module, validation))
        with file.open("a", encoding="utf-8") as lines:
            row = {"complexity": complexity(network), "errors": errors, "genes": values}
            lines.write(json.dumps(row) + "\n")
        print(number, errors[-1], flush=True)


def replay(
    curves: list[dict], pruner: BasePruner, rungs: tuple[int, ...], order: np.ndarray
) -> tuple[int, list[tuple[int, float]]]:
    """A search of two workers over these networks in this order.

    Returns:
        Epochs that were trained; cost and error of the networks that came to their end.
    """
    study = optuna.create_study(pruner=pruner)
    waiting = iter(order)
    epochs, finished = 0, []
    events: list[tuple[float, int, optuna.Trial, dict, int]] = []  # when, who, which rung

    def begin(now: float) -> None:
        for index in waiting:
            trial = study.ask()
            trial.set_user_attr("complexity", curves[index]["complexity"])
            schedule(now, trial, curves[index], 0)
            return

    def schedule(now: float, trial: optuna.Trial, curve: dict, rung: int) -> None:
        since = rungs[rung - 1] if rung else 0
        takes = (rungs[rung] - since) * curve["complexity"]
        heapq.heappush(events, (now + takes, trial.number, trial, curve, rung))

    begin(0.0)
    begin(0.0)
    while events:
        now, _, trial, curve, rung = heapq.heappop(events)
        error = curve["errors"][rungs[rung] - 1]
        trial.report(error, rungs[rung])
        if rung == len(rungs) - 1:
            study.tell(trial, error)
            finished.append((curve["complexity"], error))
        elif trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
        else:
            schedule(now, trial, curve, rung + 1)
            continue
        epochs += rungs[rung]
        begin(now)
    return epochs, finished


def hypervolume(points: list[tuple[int, float]], most: int) -> float:
    """Share of the square of cost (up to `most`) and error (up to chance) that is dominated."""
    area, least = 0.0, CHANCE
    for cost, error in sorted(points):
        if error < least:
            area += (1 - cost / most) * (least - error)
            least = error
    return area / CHANCE


def pruners(rungs: tuple[int, ...]) -> Iterator[tuple[str, BasePruner]]:
    yield "none", NopPruner()
    yield "median", MedianPruner()
    yield "hyperband", HyperbandPruner(min_resource=rungs[0], max_resource=rungs[-1])
    for reduction_factor in (2.0, 3.0, 4.0, 5.0, 8.0):
        for grace in (0.5, 1.0, 1.5, 2.0):
            yield (
                f"pareto reduction_factor={reduction_factor:g} grace={grace:g}",
                ParetoPruner(reduction_factor=reduction_factor, grace=grace),
            )


def compare(curves: list[dict], rungs: tuple[int, ...], orders: int, trials: int) -> list[dict]:
    """Means over the orders of what each pruner saves and loses."""
    most = max(curve["complexity"] for curve in curves)
    rows = []
    for name, pruner in pruners(rungs):
        shares, losses, rises, kept = [], [], [], []
        for number in range(orders):
            order = np.random.default_rng(number).permutation(len(curves))[:trials]
            epochs, finished = replay(curves, pruner, rungs, order)
            everything = [(curves[i]["complexity"], curves[i]["errors"][-1]) for i in order]
            whole = hypervolume(everything, most)
            shares.append(epochs / (len(order) * rungs[-1]))
            losses.append(1 - hypervolume(finished, most) / whole)
            rises.append(min(e for _, e in finished) - min(e for _, e in everything))
            front = pareto(everything)
            kept.append(len(front & set(finished)) / len(front))
        rows.append({
            "rungs": "-".join(map(str, rungs)), "pruner": name,
            "epochs_spent": round(fmean(shares), 4), "front_kept": round(fmean(kept), 4),
            "hypervolume_lost": round(fmean(losses), 5), "best_error_rise": round(fmean(rises), 5),
        })  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def pareto(points: list[tuple[int, float]]) -> set[tuple[int, float]]:
    front, least = set(), float("inf")
    for cost, error in sorted(points):
        if error < least:
            front.add((cost, error))
            least = error
    return front


def read(file: Path) -> list[dict]:
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="needed while curves are missing")
    parser.add_argument("--out", type=Path, default=Path("results/local/pruning"))
    parser.add_argument("--networks", type=int, default=64)
    parser.add_argument("--train-images", type=int, default=4000)
    parser.add_argument("--orders", type=int, default=50)
    parser.add_argument("--trials", type=int, default=40, help="networks of each replay")
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    args.out.mkdir(parents=True, exist_ok=True)
    file = args.out / "curves.jsonl"
    if len(read(file)) < args.networks:
        if args.data is None:
            raise SystemExit(f"{len(read(file))} of {args.networks} curves: --data parquet:DIR")
        collect(file, args.data, args.train_images, args.networks)
    curves = read(file)
    rows = []
    for rungs in ((1, 4, 12), (1, 2, 4, 12), (1, 3, 12), (1, 6, 12), (2, 5, 12), (1, 12)):
        rows += compare(curves, rungs, args.orders, min(args.trials, len(curves)))
    (args.out / "pruning.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(rows[0]))


if __name__ == "__main__":
    main()
