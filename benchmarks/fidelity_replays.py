"""What a search would have chosen by the trainings of `benchmarks/fidelity.py`, replayed.

    python benchmarks/fidelity_replays.py results/fidelity/restarts

Each replay is a search of 24 of the networks in a random order: `ParetoPruner` stops some at the
rungs after epochs 1 and 2, by the training loss or by the error, and of the others the one with the
least error after epoch 4 is chosen. All networks count as equally costly. Printed for each variant,
seed and reading: how far the chosen network is behind the best of the 24 by its trainings to the
end, mean over the orders, and the epochs that were spent.
"""

import argparse
from collections import defaultdict
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import optuna
from fidelity import read
from fidelity_report import pruned, truth
from numpy.typing import NDArray

ORDERS = 300
NETWORKS = 24  # of a search
RUNGS = (1, 2)  # epochs
LAST = 4  # epoch
EPOCHS = (*RUNGS, LAST)
LAST_RUNG = len(EPOCHS)


def replay(rows: list[dict[str, Any]], kind: str, order: NDArray[np.int64]) -> tuple[int, int]:
    """A search over the trainings in this order: number of the chosen network, epochs spent."""
    said = [
        [row["losses"][epoch - 1] if kind == "loss" else row["errors"][str(epoch)] for row in rows]
        for epoch in RUNGS
    ]
    errors = [row["errors"][str(LAST)] for row in rows]
    stops = pruned(np.array([*said, errors]), np.ones(len(rows)), order)
    finished = [index for index in order.tolist() if stops.get(index, LAST_RUNG) == LAST_RUNG]
    spent = sum(EPOCHS[stops.get(index, LAST_RUNG) - 1] for index in order.tolist())
    return min(finished, key=lambda index: errors[index]), spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--against", default="full-muon", help="variant taken for the truth")
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    rows = read(args.folder / "curves.jsonl")
    true = truth(rows, args.against)
    trainings: dict[tuple[str, int], dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in rows:
        if row["variant"] != args.against and {"1", "2", str(LAST)} <= row["errors"].keys():
            trainings[row["variant"], row["seed"]][row["network"]] = row
    print(
        "| variant | seed | pruned by | behind the best, points | epochs |\n|---|--:|---|--:|--:|"
    )
    for (variant, seed), by in sorted(trainings.items()):
        names = sorted(by.keys() & true.keys())
        for kind in ("loss", "error"):
            behind, epochs = [], []
            for number in range(ORDERS):
                order = np.random.default_rng(number).permutation(len(names))[:NETWORKS]
                chosen, spent = replay([by[name] for name in names], kind, order)
                best = min(true[names[place]] for place in order)
                behind.append(100 * (true[names[chosen]] - best))
                epochs.append(spent)
            print(f"| {variant} | {seed} | {kind} | {fmean(behind):.2f} | {fmean(epochs):.1f} |")


if __name__ == "__main__":
    main()
