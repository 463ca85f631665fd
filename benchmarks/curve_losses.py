"""Features beside the training loss, which the pruner compares today, for `curve_model.py`.

The curves of `benchmarks/pruning.py` have no losses. Those of `benchmarks/fidelity.py` do, of few
networks near one cost: enough to ask whether a model that knows the loss and the network foretells
the last error better than the loss alone.
"""

import json
from pathlib import Path

import numpy as np
from experience import learnt
from experience import read as read_trainings
from learning_curves import regression
from scipy.stats import spearmanr

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.experience import numbers_of

FOLDERS = Path("results/fidelity"), Path("results/fidelity/against-full")
NEAR = ("a06", "b06", "plain-6m")  # searches near the cost of these networks
DRAWS = 2000
VARIANTS = {"quick8": (1, 2, 3), "muon4": (1, 2)}


def rankings() -> list[dict]:
    """Spearman's correlation with the last error; each network is left out of the model in turn."""
    trainings, numbers = read_trainings(Path("results/experience"))
    which = np.array([not row["search"].startswith(NEAR) for row in trainings])
    experience = learnt(trainings, numbers, which)
    rows = []
    for variant, epochs in VARIANTS.items():
        found = {}
        for folder in FOLDERS:
            for line in (folder / "curves.jsonl").read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                is_plain = "inverted" not in row["network"] and "basic" not in row["network"]
                if row["variant"] == variant and is_plain:
                    found.setdefault(row["network"], row)
        last = str(len(next(iter(found.values()))["losses"]))
        truth = np.array([row["errors"][last] for row in found.values()])
        expected = experience.expected(np.array([
            numbers_of(Architecture((3, 32, 32), parse_notation(each), GAP, 10, norm="batch"))
            for each in found
        ]))  # fmt: skip
        costs = np.log2([row["complexity"] for row in found.values()])
        for epoch in epochs:
            losses = np.array([row["losses"][:epoch][-2:] for row in found.values()])
            errors = np.array([row["errors"][str(epoch)] for row in found.values()])
            columns = np.column_stack([losses, costs, expected])
            model = left_out(columns, truth)
            rows.append({
                "recipe": variant, "networks": len(found), "after": epoch,
                "experience": rank(expected, truth), "error": rank(errors, truth),
                "loss": rank(losses[:, -1], truth), "model": rank(model, truth),
                "model_less_loss": gain(model, losses[:, -1], truth),
            })  # fmt: skip
            print(rows[-1], flush=True)
    return rows


def left_out(columns: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """What is expected of each network by the regression on the others."""
    every = np.arange(len(truth))
    return np.array([
        regression(columns[every != k], truth[every != k], columns[[k]])[0][0] for k in every
    ])  # fmt: skip


def rank(says: np.ndarray, truth: np.ndarray) -> float:
    return round(float(spearmanr(says, truth)[0]), 3)


def gain(some: np.ndarray, others: np.ndarray, truth: np.ndarray) -> list[float]:
    """95 % interval of the difference of two correlations, by the bootstrap over networks."""
    draws = np.random.default_rng(0).integers(len(truth), size=(DRAWS, len(truth)))
    less = [spearmanr(some[d], truth[d])[0] - spearmanr(others[d], truth[d])[0] for d in draws]
    return np.quantile(less, (0.025, 0.975)).round(3).tolist()


if __name__ == "__main__":
    rankings()
