"""Does a model of learning curves over networks and epochs prune better than the rungs?

    python benchmarks/curve_model.py --out results/pruning

The searches of `benchmarks/pruning.py` are replayed on the curves that it has recorded: the same
orders, two workers, none of anything trained. Models of `benchmarks/learning_curves.py` stop
trials after any epoch, or pause and resume them (freeze-thaw), in place of `ParetoPruner`. The
variances of a Gaussian process are learnt on the networks that an order leaves out, as if from an
earlier search. Thresholds that spend as many epochs as today's pruner are chosen on one part of the
orders and judged on the other, paired by order; and chosen on one half of the networks and judged
on the other half. It goes on where it was stopped, part by part; the last line is JSON.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import optuna
from curve_losses import rankings
from curve_methods import METHODS, Method
from curve_predictions import predictions
from curve_replays import FIGURES, Replays, differences, judged_apart, mixed
from learning_curves import Curves, Floats, Ints
from pruning import pareto, read

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.space import load_space

ORDERS, TRIALS = 25, 40
IN_HALVES = 3  # orders to choose thresholds on, and as many to judge them


def foreseen(replays: Replays) -> dict:
    """A limit of all pruners: who knows the last errors, and stops after the first epoch.

    It lets those come to their end that join the front so far, or that stay on it to the last.
    """
    shares = []
    for order in replays.orders:
        points = [(replays.rows[i]["complexity"], replays.rows[i]["errors"][-1]) for i in order]
        joins = [points[k] in pareto(points[: k + 1]) for k in range(len(points))]
        whole = replays.curves.errors.shape[1]
        stay = len(pareto(points))
        shares.append(
            [(n * whole + len(points) - n) / (whole * len(points)) for n in (sum(joins), stay)]
        )
    so_far, last = np.array(shares).mean(axis=0).round(5).tolist()
    return {"front so far": so_far, "last front": last}


def compare(replays: Replays, methods: Sequence[Method]) -> dict:
    """All methods on the orders; thresholds are judged on orders that did not choose them."""
    every = range(len(replays.orders))
    today = replays.today()
    found: dict = {"today": dict(zip(FIGURES, today.mean(axis=0).round(5).tolist(), strict=True))}
    found["epochs of who foresees the last errors"] = foreseen(replays)
    for method in methods:
        sweep = np.array([replays.of(method, p, every) for p in method.thresholds])
        rows = [
            {"threshold": p, **dict(zip(FIGURES, row.mean(axis=0).round(5).tolist(), strict=True))}
            for p, row in zip(method.thresholds, sweep, strict=True)
        ]
        found[method.name] = {"sweep": rows}
        for at_equal in ("epochs_spent", "hypervolume_lost"):
            judged = judged_apart(sweep, today, at_equal)
            if judged is not None:
                found[method.name][f"at equal {at_equal}"] = differences(judged, today)
        show(method.name, found[method.name])
    return found


def schedule(replays: Replays) -> dict:
    """Freeze-thaw within the epochs that today's pruner has spent in the same order."""
    whole, today = replays.curves.errors.shape[1], replays.today()
    found = {}
    for name, method in (("process", METHODS[0]), ("process as published", METHODS[6])):
        for rule in ("gain", "draw"):
            rows = []
            for number, order in enumerate(replays.orders):
                budget = round(today[number, 0] * len(order) * whole)
                rows.append(replays.thawed(method, number, budget, rule))
            found[f"{name}, {rule}"] = differences(np.array(rows), today)
            print(name, rule, json.dumps(found[f"{name}, {rule}"]["hypervolume_lost"]), flush=True)
    return found


def halves(rows: list[dict], curves: Curves, methods: Sequence[Method], splits: int) -> dict:
    """Variances and thresholds learnt on one half of the networks, judged on the other.

    The orders of `compare` share their networks, so that its intervals say nothing of other
    networks. Here each difference is of networks that were used for nothing else.
    """
    found: dict[str, list[Floats]] = {method.name: [] for method in methods}
    later = range(IN_HALVES, 2 * IN_HALVES)
    for split in range(splits):
        random = np.random.default_rng(1000 + split)
        shuffled = random.permutation(len(curves.costs))
        parts = np.array_split(shuffled, 2)
        for known, unknown in (parts, parts[::-1]):
            orders = [
                random.permutation(part) for part in (known,) * IN_HALVES + (unknown,) * IN_HALVES
            ]
            replays = Replays(rows, curves, orders, [known] * 2 * IN_HALVES)
            today = replays.today()
            for method in methods:
                sweep = np.array(
                    [replays.of(method, p, range(IN_HALVES)) for p in method.thresholds[::2]]
                )
                weights = mixed(sweep, today[:IN_HALVES], "epochs_spent")
                if weights is None:
                    continue
                judged = np.zeros((IN_HALVES, len(FIGURES)))
                for k in np.flatnonzero(weights):
                    judged += weights[k] * replays.of(method, method.thresholds[2 * k], later)
                found[method.name].append(np.stack([judged, today[IN_HALVES:]]).mean(axis=1))
        print("split", split, flush=True)
    result = {}
    for name, pairs in found.items():
        both = np.array(pairs)  # halves, method and today, figures
        less = both[:, 0] - both[:, 1]
        result[name] = {
            "halves": len(both),
            **{
                figure: {
                    "mean": round(float(both[:, 0, k].mean()), 5),
                    "today": round(float(both[:, 1, k].mean()), 5),
                    "difference": round(float(less[:, k].mean()), 5),
                    "quantiles 2.5 and 97.5 %": np.quantile(less[:, k], (0.025, 0.975))
                    .round(5)
                    .tolist(),
                }
                for k, figure in enumerate(FIGURES)
            },
        }
    return result


def show(name: str, found: dict) -> None:
    for at_equal in ("epochs_spent", "hypervolume_lost"):
        if (row := found.get(f"at equal {at_equal}")) is not None:
            parts = [f"{f} {row[f]['difference']:+.4f} {row[f]['interval']}" for f in FIGURES]
            print(f"{name}, at equal {at_equal}:", *parts, flush=True)


def promising(curves: Curves) -> Ints:
    """The half of the networks of which earlier trainings expect most for their cost."""
    octaves = np.log2(curves.costs)
    slope, start = np.polyfit(octaves, curves.expected, 1)
    return np.argsort(curves.expected - start - slope * octaves)[: (len(octaves) + 1) // 2]


def orders_of(networks: Ints, trials: int, orders: int = ORDERS) -> list[Ints]:
    """As `benchmarks/pruning.py` draws them."""
    return [
        networks[np.random.default_rng(number).permutation(len(networks))[:trials]]
        for number in range(orders)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--curves", type=Path, default=Path("results/pruning/curves.jsonl"))
    parser.add_argument("--out", type=Path, default=Path("results/local/pruning"))
    parser.add_argument("--splits", type=int, default=6)
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    rows = read(args.curves)
    limit = resolve_budget(parse_budget("alexnet*0.6"), (3, 32, 32), 10).complexity
    curves = Curves.of(rows, load_space("plain-32").at((3, 32, 32), 10), limit)
    everyone, good = np.arange(len(rows)), promising(curves)
    others = np.setdiff1d(everyone, good)
    orders, few = orders_of(everyone, TRIALS), orders_of(good, len(good))
    replays = Replays(rows, curves, orders, [np.setdiff1d(everyone, order) for order in orders])
    alike = Replays(rows, curves, few, [others] * len(few))
    parts: dict[str, Callable[[], object]] = {
        "pruning": lambda: compare(replays, METHODS),
        "freeze-thaw": lambda: schedule(replays),
        "pruning of promising networks": lambda: compare(alike, [METHODS[0], *METHODS[3:6]]),
        "losses": rankings,
        "predictions": lambda: predictions(curves),
        "halves": lambda: halves(rows, curves, [METHODS[k] for k in (0, 4, 5)], args.splits),
    }
    args.out.mkdir(parents=True, exist_ok=True)
    file = args.out / "curve_model.json"
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for name, part in parts.items():
        if name not in found:
            found[name] = part()
            file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found["pruning"]["process"]["at equal epochs_spent"]))


if __name__ == "__main__":
    main()
