"""How well models of learning curves foretell the last errors."""

from math import sqrt

import numpy as np
from curve_methods import METHODS
from learning_curves import CurveProcess, Curves, Floats, Ints, columns_at, regression
from scipy.stats import spearmanr

DRAWS = 2000  # of the bootstrap
SEEN = (0, 1, 2, 4, 6)  # epochs after which the last error is predicted


class Predictions:
    """Means and standard deviations of the last errors, by model and epochs seen."""

    def __init__(self, truth: Floats) -> None:
        self.truth = truth
        self._found: dict[tuple[str, int], Floats] = {}

    def note(self, name: str, epoch: int, places: Ints, mean: Floats, spread: Floats) -> None:
        found = self._found.setdefault((name, epoch), np.zeros((2, len(self.truth))))
        found[0, places], found[1, places] = mean, spread

    def rows(self) -> list[dict]:
        """Their quality; intervals by the bootstrap over networks."""
        random, truth = np.random.default_rng(0), self.truth
        draws = random.integers(len(truth), size=(DRAWS, len(truth)))
        rows = []
        for (name, epoch), (mean, spread) in sorted(self._found.items(), key=lambda e: e[0][::-1]):
            off = abs(mean - truth)
            row = {
                "after": epoch,
                "model": name,
                "spearman": round(float(spearmanr(mean, truth)[0]), 3),
                "mean_absolute_error": round(float(off.mean()), 5),
                "within_1_deviation": round(float((off < spread).mean()), 3),
            }
            if epoch and name not in ("last error seen", "line through it"):
                seen, line = (
                    self._found[n, epoch][0] for n in ("last error seen", "line through it")
                )
                gains = [
                    spearmanr(mean[d], truth[d])[0] - spearmanr(seen[d], truth[d])[0] for d in draws
                ]
                less = (off - abs(line - truth))[draws].mean(axis=1)
                row["spearman_gain"] = np.quantile(gains, (0.025, 0.975)).round(3).tolist()
                row["error_less_line"] = np.quantile(less, (0.025, 0.975)).round(5).tolist()
            rows.append(row)
            print(row, flush=True)
        return rows


def predictions(curves: Curves) -> dict:
    """How well each model foretells the last errors of networks in five folds that it lacks."""
    networks, epochs = curves.errors.shape
    folds = np.array_split(np.random.default_rng(0).permutation(networks), 5)
    found = Predictions(curves.errors[:, -1])
    for fold in folds:
        known = np.setdiff1d(np.arange(networks), fold)
        for method in (METHODS[0], METHODS[3], METHODS[4], METHODS[6]):
            learnt = method.learnt(curves, known)
            for network in fold.tolist():
                process = CurveProcess(learnt, curves.errors)
                for other in known.tolist():
                    for epoch in range(1, epochs + 1):
                        process.see(other, epoch)
                for epoch in range(max(SEEN) + 1):
                    if epoch:
                        process.see(network, epoch)
                    if epoch in SEEN:
                        mean, covariance = process.expected([network])
                        found.note(method.name, epoch, network, mean[0], sqrt(covariance[0, 0]))
        simple_predictions(found, curves, known, fold)
    return {"networks": networks, "folds": len(folds), "rows": found.rows()}


def simple_predictions(found: Predictions, curves: Curves, known: Ints, fold: Ints) -> None:
    """Those of the regression, of the last error seen, and of a line through it."""
    for epoch in SEEN:
        columns = columns_at(curves, epoch)
        found.note(
            "regression",
            epoch,
            fold,
            *regression(columns[known], found.truth[known], columns[fold]),
        )
        if not epoch:
            continue
        seen = curves.errors[:, epoch - 1]
        found.note("last error seen", epoch, fold, seen[fold], np.nan)
        slope, start = np.polyfit(seen[known], found.truth[known], 1)
        rest = (found.truth[known] - start - slope * seen[known]).std(ddof=2)
        found.note("line through it", epoch, fold, start + slope * seen[fold], rest)
