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
import heapq
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import numpy as np
import optuna
from curve_losses import rankings
from learning_curves import (
    Covariance,
    CurveProcess,
    Curves,
    chance_to_join,
    columns_at,
    expected_gain,
    regression,
)
from numpy.typing import NDArray
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, TrialState
from pruning import CHANCE, hypervolume, pareto, read, replay
from scipy.stats import spearmanr
from scipy.stats import t as student

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.sampler import ParetoPruner
from nas_tc.space import load_space

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ORDERS, TUNED_ON, TRIALS = 25, 12, 40
IN_HALVES = 3  # orders to choose thresholds on, and as many to judge them
RUNGS = (1, 4, 12)
LENGTH = 0.5 * sqrt(15)  # of the search's model, fifteen genes
CHANCES = (0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.35, 0.45, 0.55)
GAINS = (1e-6, 3e-6, 1e-5, 2e-5, 4e-5, 7e-5, 1.2e-4, 2e-4, 3e-4, 4e-4, 7e-4, 1.2e-3, 2e-3)
SHARES = (0.02, 0.05, 0.08, 0.1, 0.125, 0.15, 0.175, 0.2, 0.225, 0.25, 0.3, 0.35, 0.4, 0.5)
FEWEST = 8  # that have ended, before the regression stops any
DRAWS = 2000  # of the bootstrap
SEEN = (0, 1, 2, 4, 6)  # epochs after which the last error is predicted
FIGURES = ("epochs_spent", "front_kept", "hypervolume_lost", "best_error_rise")


class Process:
    """What a Gaussian process expects of a network's last error.

    Args:
        covariance: Of all points, with its variances.
        curves: All trainings.
        only_ends: It sees the errors of those that ended, and no curves.
    """

    def __init__(self, covariance: Floats, curves: Curves, *, only_ends: bool = False) -> None:
        self.process = CurveProcess(covariance, curves.errors)
        self._first = curves.errors.shape[1] if only_ends else 1

    def see(self, network: int, epoch: int) -> None:
        if epoch >= self._first:
            self.process.see(network, epoch)

    def last(self, network: int) -> tuple[float, float] | None:
        """Mean and standard deviation of its last error."""
        mean, covariance = self.process.expected([network])
        return float(mean[0]), sqrt(max(float(covariance[0, 0]), 1e-8))


class Regression:
    """The same by a regression on those that have ended; None while they are few."""

    def __init__(self, curves: Curves) -> None:
        self._curves = curves
        self._seen: dict[int, int] = {}
        self._columns = [columns_at(curves, epoch) for epoch in range(curves.errors.shape[1])]

    def see(self, network: int, epoch: int) -> None:
        self._seen[network] = epoch

    def last(self, network: int) -> tuple[float, float] | None:
        epochs = self._curves.errors.shape[1]
        ended = [each for each, epoch in self._seen.items() if epoch == epochs]
        if len(ended) < FEWEST:
            return None
        columns = self._columns[self._seen.get(network, 0)]
        targets = self._curves.errors[ended, -1]
        mean, deviation = regression(columns[ended], targets, columns[[network]])
        return float(mean[0]), deviation


class CurvePruner(BasePruner):
    """Stops a trial when a model gives it little hope.

    Args:
        model: Of the last errors; it learns here.
        order: Networks of the trials, by number.
        costs: Of all networks.
        threshold: Least hope of a trial that goes on.
        hope: "chance", the probability that nothing finished that costs no more is as good; "gain",
            the expected gain of area, as a share of the area now; or "rank", today's rule by
            expected last errors in place of those at a rung, so that the threshold is 1 over the
            reduction factor.
        judges_at: Epochs after which trials are judged; None: all.
    """

    def __init__(
        self,
        model: Process | Regression,
        order: Ints,
        costs: Ints,
        threshold: float,
        *,
        hope: str = "chance",
        judges_at: Sequence[int] | None = None,
    ) -> None:
        self._model, self._order, self._costs = model, order, costs
        self._threshold, self._hope, self._judges_at = threshold, hope, judges_at
        self._most = int(costs.max())
        self._seen: dict[int, int] = {}

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        trials = study.get_trials(deepcopy=False)
        for each in trials:
            network = int(self._order[each.number])
            for epoch in range(self._seen.get(network, 0) + 1, (each.last_step or 0) + 1):
                self._model.see(network, epoch)
                self._seen[network] = epoch
        if self._judges_at is not None and trial.last_step not in self._judges_at:
            return False
        found = self._model.last(int(self._order[trial.number]))
        if found is None:
            return False
        cost = trial.user_attrs["complexity"]
        finished = [
            (each.user_attrs["complexity"], each.value)
            for each in trials
            if each.state == TrialState.COMPLETE
        ]
        if self._hope == "chance":
            return chance_to_join(finished, cost, *found) < self._threshold
        if self._hope == "rank":
            return self._is_behind(int(self._order[trial.number]), found[0])
        gain = expected_gain(finished, cost, *found, self._most, CHANCE)
        return gain < self._threshold * hypervolume(finished, self._most)

    def _is_behind(self, network: int, mean: float) -> bool:
        """Whether more than a share of those that cost no more, and one, are expected better."""
        others = [n for n in self._seen if n != network and self._costs[n] <= self._costs[network]]
        better = int((self._model.process.expected(others)[0] < mean).sum())
        return better > 0 and better >= 1 + self._threshold * len(others)


@dataclass(frozen=True)
class Method:
    """A way to stop trials, with the thresholds to choose from."""

    name: str
    covariance: Callable[[Curves], Covariance] | None  # None: the regression
    thresholds: tuple[float, ...] = CHANCES
    hope: str = "chance"
    only_ends: bool = False
    judges_at: tuple[int, ...] | None = None
    remembers: bool = False  # the curves that the variances were learnt on

    def learnt(self, curves: Curves, networks: Ints) -> Floats | None:
        """The covariance with variances that are learnt on the whole curves of these."""
        if self.covariance is None:
            return None
        parts = self.covariance(curves)
        return parts.total(parts.likeliest(curves.errors, networks))

    def model(self, curves: Curves, learnt: Floats | None, earlier: Ints) -> "Process | Regression":
        if learnt is None:
            return Regression(curves)
        model = Process(learnt, curves, only_ends=self.only_ends)
        if self.remembers:
            for network in earlier.tolist():
                for epoch in range(1, curves.errors.shape[1] + 1):
                    model.see(network, epoch)
        return model


def common(curves: Curves) -> Covariance:
    return Covariance.with_common_curve(curves.features, LENGTH, curves.errors.shape[1])


def as_published(curves: Curves) -> Covariance:
    return Covariance.freeze_thaw(curves.features, LENGTH, curves.errors.shape[1])


def without_experience(curves: Curves) -> Covariance:
    genes = np.delete(curves.features, -2, axis=1)
    return Covariance.with_common_curve(genes, LENGTH, curves.errors.shape[1])


def without_features(curves: Curves) -> Covariance:
    nothing = np.zeros((len(curves.costs), 1))
    return Covariance.with_common_curve(nothing, LENGTH, curves.errors.shape[1])


METHODS = (
    Method("process", common),
    Method("process, by gain", common, GAINS, hope="gain"),
    Method("process, at rungs 1 and 4", common, judges_at=RUNGS[:-1]),
    Method("process without experience", without_experience),
    Method("process of curves alone", without_features),
    Method("process of features alone", common, only_ends=True),
    Method("process as published", as_published),
    Method("regression", None),
    Method("process, today's rule", common, SHARES, hope="rank", judges_at=RUNGS[:-1]),
    Method("process that remembers", common, remembers=True),
)


class Replays:
    """Searches on the curves, in orders of some of the networks.

    Args:
        rows: Lines of `curves.jsonl`.
        curves: The same, as arrays.
        orders: Networks of each search.
        learns_from: Networks whose whole curves teach the variances, for each order.
    """

    def __init__(
        self, rows: list[dict], curves: Curves, orders: list[Ints], learns_from: list[Ints]
    ) -> None:
        self.rows, self.curves, self.orders = rows, curves, orders
        self._learns_from = learns_from
        self._learnt: dict[tuple, Floats | None] = {}

    def learnt(self, method: Method, number: int) -> Floats | None:
        key = method.covariance, tuple(self._learns_from[number].tolist())
        if key not in self._learnt:
            self._learnt[key] = method.learnt(self.curves, self._learns_from[number])
        return self._learnt[key]

    def figures(self, number: int, epochs: int, finished: list[tuple[int, float]]) -> Floats:
        """`FIGURES` of one search."""
        order, most = self.orders[number], int(self.curves.costs.max())
        whole = [(self.rows[i]["complexity"], self.rows[i]["errors"][-1]) for i in order]
        front = pareto(whole)
        return np.array([
            epochs / (len(order) * self.curves.errors.shape[1]),
            len(front & set(finished)) / len(front),
            1 - hypervolume(finished, most) / hypervolume(whole, most),
            min((e for _, e in finished), default=CHANCE) - min(e for _, e in whole),
        ])  # fmt: skip

    def with_pruner(self, pruner: BasePruner, rungs: tuple[int, ...], number: int) -> Floats:
        return self.figures(number, *replay(self.rows, pruner, rungs, self.orders[number]))

    def today(self, **settings: float) -> Floats:
        """`ParetoPruner`, shape (orders, FIGURES)."""
        every = range(len(self.orders))  # a pruner serves one study: it remembers what has ended
        return np.array([self.with_pruner(ParetoPruner(**settings), RUNGS, n) for n in every])

    def of(self, method: Method, threshold: float, numbers: Sequence[int]) -> Floats:
        found = []
        for number in numbers:
            learnt, earlier = self.learnt(method, number), self._learns_from[number]
            model = method.model(self.curves, learnt, earlier)
            pruner = CurvePruner(
                model, self.orders[number], self.curves.costs, threshold,
                hope=method.hope, judges_at=method.judges_at,
            )  # fmt: skip
            rungs = tuple(range(1, self.curves.errors.shape[1] + 1))
            found.append(self.with_pruner(pruner, rungs, number))
        return np.array(found)

    def thawed(self, method: Method, number: int, budget: int, rule: str) -> Floats:
        """Freeze-thaw scheduling within so many epochs."""
        model = Process(self.learnt(method, number), self.curves).process
        epochs, finished = freeze_thaw(self.curves, model, self.orders[number], budget, rule)
        return self.figures(number, epochs, finished)


def freeze_thaw(
    curves: Curves, process: CurveProcess, order: Ints, budget: int, rule: str
) -> tuple[int, list[tuple[int, float]]]:
    """A search of two workers that pause after each epoch.

    Each step trains, for an epoch, the next new network or a paused one: the one with the most
    gain of area for an epoch that it still needs, expected ("gain") or by a draw from the process
    ("draw"). What cannot be finished within the budget is no choice.

    Args:
        curves: All trainings.
        process: Model of them; it learns here.
        order: Networks, in the order in which they are new.
        budget: Epochs of the search.
        rule: "gain" or "draw".

    Returns:
        Epochs that were trained; cost and error of the networks that came to their end.
    """
    random, most, whole = np.random.default_rng(0), int(curves.costs.max()), curves.errors.shape[1]
    waiting, paused, done = list(map(int, order)), [], dict.fromkeys(map(int, order), 0)
    finished: list[tuple[int, float]] = []
    events: list[tuple[int, int]] = []
    spent = 0

    def begin(now: int) -> None:
        nonlocal spent
        room = budget - spent
        choices = [n for n in waiting[:1] + paused if whole - done[n] <= room]
        if not choices:
            return
        mean, covariance = process.expected(choices)
        deviation = np.sqrt(np.maximum(np.diag(covariance), 1e-8))
        if rule == "draw":
            jitter = 1e-8 * np.eye(len(choices))
            mean = random.multivariate_normal(mean, covariance + jitter, method="cholesky")
            deviation = np.full(len(choices), 1e-6)
        gains = [
            expected_gain(finished, int(curves.costs[n]), m, s, most, CHANCE) / (whole - done[n])
            for n, m, s in zip(choices, mean, deviation, strict=True)
        ]
        chosen = choices[int(np.argmax(gains))]
        (paused if chosen in paused else waiting).remove(chosen)
        spent += 1
        heapq.heappush(events, (now + int(curves.costs[chosen]), chosen))

    begin(0)
    begin(0)
    while events:
        now, network = heapq.heappop(events)
        done[network] += 1
        process.see(network, done[network])
        if done[network] == whole:
            error = float(curves.errors[network, -1])
            finished.append((int(curves.costs[network]), error))
        else:
            paused.append(network)
        while len(events) < 2:
            before = spent
            begin(now)
            if spent == before:
                break
    return spent, finished


def differences(found: Floats, base: Floats) -> dict:
    """Means, and paired differences with 95 % intervals of Student's t.

    Args:
        found: Shape (searches, FIGURES).
        base: Of `ParetoPruner` on the same searches.
    """
    less = found - base
    half = student.ppf(0.975, len(less) - 1) * less.std(axis=0, ddof=1) / sqrt(len(less))
    return {
        name: {
            "mean": round(float(found[:, k].mean()), 5),
            "today": round(float(base[:, k].mean()), 5),
            "difference": round(float(less[:, k].mean()), 5),
            "interval": [round(float(less[:, k].mean() + s * half[k]), 5) for s in (-1, 1)],
        }
        for k, name in enumerate(FIGURES)
    }


def mixed(sweep: Floats, base: Floats, at_equal: str) -> Floats | None:
    """Weights of two neighbouring thresholds that spend, or lose, as much as today's pruner.

    A search that draws one of the two by these weights has their weighted figures on the mean.

    Args:
        sweep: Shape (thresholds, searches, FIGURES).
        base: Shape (searches, FIGURES).
        at_equal: Which of `FIGURES` is equal on the mean; None if no threshold gets there.
    """
    column = FIGURES.index(at_equal)
    above = sweep[:, :, column].mean(axis=1) - base[:, column].mean()
    crossings = np.flatnonzero(above[:-1] * above[1:] <= 0)
    if not len(crossings):
        return None
    weights, k = np.zeros(len(sweep)), crossings[0]
    weights[k + 1] = above[k] / (above[k] - above[k + 1]) if above[k] != above[k + 1] else 0.0
    weights[k] = 1 - weights[k + 1]
    return weights


def judged_apart(sweep: Floats, base: Floats, at_equal: str) -> Floats | None:
    """Figures of all searches, each with thresholds that the other part of the searches chose."""
    found = np.zeros_like(base)
    first, second = slice(None, TUNED_ON), slice(TUNED_ON, None)
    for tuned, judged in ((first, second), (second, first)):
        weights = mixed(sweep[:, tuned], base[tuned], at_equal)
        if weights is None:
            return None
        found[judged] = np.tensordot(weights, sweep[:, judged], axes=1)
    return found


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
