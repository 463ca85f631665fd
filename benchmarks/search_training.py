"""Searches on real training, equal wall time for each: ours and what users would pick instead.

    python benchmarks/search_training.py --data parquet:DIR --out results/search-training

The networks of `plain-32` at `alexnet*0.6`, few images, the same recipe, images, workers and
rungs for all:

- ours: what `nas-tc search` does; it trains its baselines within its time, too;
- random: uniform samples among the networks that fit, Optuna's MedianPruner;
- tpe: Optuna's TPE with the budget as its constraint, Optuna's HyperbandPruner.

Methods take turns, seed by seed, so that a machine that drifts is unfair to none. What each
recommends (ours: its recommendation; the others: the least validation error) is then trained again
with `--reruns` other seeds, whose mean error is what the method found. It goes on where it was
stopped; the last line is JSON. `winners.toml` lists what was found, for a training to the end:

    nas-tc experiment OUT/winners.toml --data parquet:DIR

On a GPU (`--device cuda`) the workers share it. Runs with a seed (`--first-seed`) and a method each
may go side by side, if all of them begin together; `--join OUT ...` puts their files together.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev

import optuna
from search_methods import METHODS, Clock
from search_summary import FIELDS, append, read, summarise

from nas_tc.architecture import Architecture, format_notation
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.data import load_data
from nas_tc.experience import experience_for
from nas_tc.recipe import load_recipe
from nas_tc.search.pool import Pool
from nas_tc.search.settings import Settings
from nas_tc.space import load_space
from nas_tc.worker.worker import training_seed


def again(network: Architecture, pool: Pool, seeds: range) -> Iterator[tuple[float, float]]:
    """Validation and test error of a network, trained once a seed."""
    waiting = list(seeds)
    errors: dict[int, float] = {}
    open_, weights = len(waiting), []
    while open_:
        while pool.idle and (waiting or weights):
            if weights:
                seed, state = weights.pop()
                pool.test(("test", seed), network, state)
            else:
                seed = waiting.pop()
                pool.begin(("train", seed), network, training_seed(10_000 + seed, network))
        if not (answered := pool.next_result(1.0)):
            continue
        key, answer = answered
        kind, seed = key
        if kind == "train" and answer.weights is None:
            pool.advance(key)
            continue
        pool.release(key)
        if kind == "train":
            errors[seed] = answer.rung.val_error
            weights.append((seed, answer.weights))
        else:
            open_ -= 1
            yield errors[seed], answer.error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data")
    parser.add_argument("--out", type=Path, default=Path("results/local/search-training"))
    parser.add_argument("--seconds", type=float, default=240.0, help="for each search")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--reruns", type=int, default=6)
    parser.add_argument("--train-images", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--first-seed", type=int, default=0, help="seeds are this and the next")
    parser.add_argument("--methods", choices=tuple(METHODS), nargs="+", default=tuple(METHODS))
    parser.add_argument("--quick", action="store_true", help="a minute for each search, one seed")
    parser.add_argument("--join", type=Path, nargs="+", help="put these runs together, and end")
    args = parser.parse_args()
    if args.join:
        join(args.join, args.out, args.train_images)
        return
    if args.data is None:
        parser.error("--data is needed")
    if args.quick:
        args.seconds, args.seeds, args.reruns = 45.0, 1, 2
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    args.out.mkdir(parents=True, exist_ok=True)
    trials_file, found_file = args.out / "trials.csv", args.out / "found.csv"

    data = load_data(args.data, side=(32, 32), train_images=args.train_images)
    space = load_space("plain-32").at(data.shape, len(data.classes))
    limit = resolve_budget(parse_budget("alexnet*0.6"), data.shape, len(data.classes))
    recipe = replace(
        load_recipe("quick", epochs=args.epochs), margin=0, augment=tuple(sorted(data.augment))
    )
    print(data.summary(), f"budget: {limit}", sep="\n", flush=True)
    done = {(row["method"], int(row["seed"])) for row in read(found_file)}
    sharers = args.workers if args.device == "cuda" else 1  # all workers share one GPU
    with Pool(data, recipe, device=args.device, workers=args.workers, per_gpu=sharers) as pool:
        for seed in range(args.first_seed, args.first_seed + args.seeds):
            settings = Settings(space, limit, data, recipe, seed, experience=experience_for(space))
            for method in args.methods:
                search = METHODS[method]
                if (method, seed) in done:
                    continue
                rows: list[dict[str, object]] = []

                def write(rows=rows, method=method, seed=seed, **row: object) -> None:
                    rows.append({"method": method, "seed": seed, **row})

                with tempfile.TemporaryDirectory() as folder:
                    warm(pool, space.decode(settings_first(space)))
                    clock = Clock(args.seconds, write)
                    network = search(settings, pool, clock, Path(folder) / "study.db")
                append(trials_file, FIELDS, rows)
                errors = list(again(network, pool, range(args.reruns)))
                summary = found(method, seed, network, rows, errors)
                append(found_file, tuple(summary), [summary])
                print(json.dumps(summary), flush=True)
    write_winners(args.out, args.train_images)
    summarise(args.out)


def join(runs: list[Path], out: Path, train_images: int) -> None:
    """Puts the files of runs with different seeds together, and sums them up."""
    out.mkdir(parents=True, exist_ok=True)
    for name in ("trials.csv", "found.csv"):
        rows = [row for run in runs for row in read(run / name)]
        append(out / name, tuple(rows[0]), rows)
    write_winners(out, train_images)
    summarise(out)


def write_winners(folder: Path, train_images: int) -> None:
    """The networks that were found, as an experiment."""
    rows = read(folder / "found.csv")
    lines = [
        'title = "What each method found, trained to the end"',
        'input = [3, 32, 32]\nhead = "gap"\nnorm = "batch"',
        f"train_images = {train_images}\nseeds = 3\n",
        '[recipe]\nbase = "full"\nepochs = 16',
    ]
    names: dict[str, str] = {}  # two searches may find the same network, which has one name
    for row in rows:
        if row["network"] not in names:
            names[row["network"]] = name = f"{row['method']}-{row['seed']}"
            lines.append(f'\n[[network]]\nname = "{name}"\nnetwork = "{row["network"]}"')
    ours_of = {row["seed"]: names[row["network"]] for row in rows if row["method"] == "ours"}
    for row in rows:
        name, ours = names[row["network"]], ours_of.get(row["seed"])
        if ours is not None and name != ours:
            lines.append(f'\n[[claim]]\nsays = "{ours} is better."\nerror = "{name} > {ours}"')
    (folder / "winners.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def settings_first(space) -> dict[str, object]:
    return {gene.name: gene.choices[0] for gene in space.genes}


def warm(pool: Pool, network: Architecture) -> None:
    """Waits until every worker has its images: no search pays for that."""
    count = pool.idle
    for number in range(count):
        pool.begin(("warm", number), network, 0)
    while count:
        if answered := pool.next_result(1.0):
            pool.release(answered[0])
            count -= 1


def found(method, seed, network, rows, errors) -> dict[str, object]:
    """What one search found, and what it spent."""
    states = [row["state"] for row in rows]
    val, test = [v for v, _ in errors], [t for _, t in errors]
    return {
        "method": method, "seed": seed, "finished": states.count("complete"),
        "pruned": states.count("pruned"), "epochs": sum(int(r["epochs"]) for r in rows),
        "best_observed": min(r["val_error"] for r in rows if r["state"] == "complete"),
        "val_error": round(fmean(val), 5) if val else None,
        "test_error": round(fmean(test), 5) if test else None,
        "test_error_sd": round(stdev(test), 5) if len(test) > 1 else None,
        "complexity": complexity(network), "network": format_notation(network.stages),
    }  # fmt: skip


if __name__ == "__main__":
    main()
