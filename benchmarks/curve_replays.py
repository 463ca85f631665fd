"""Searches that are replayed on recorded curves, and their differences to today's pruner."""

import heapq
from collections.abc import Sequence
from math import sqrt

import numpy as np
from curve_methods import RUNGS, CurvePruner, Method, Process
from learning_curves import CurveProcess, Curves, Floats, Ints, expected_gain
from optuna.pruners import BasePruner
from pruning import CHANCE, hypervolume, pareto, replay
from scipy.stats import t as student

from nas_tc.sampler import ParetoPruner

TUNED_ON = 12  # orders that choose thresholds for the others
FIGURES = ("epochs_spent", "front_kept", "hypervolume_lost", "best_error_rise")


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
        every = range(len(self.orders))
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
