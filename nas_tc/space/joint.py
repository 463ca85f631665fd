"""Uniform samples of the networks within several limits at once, where hardly any network fits.

A peak of memory is the most of any stage, so choices of a stage that need more by themselves are
left out at once. Complexity, parameters and a part of the memory of a training step are sums over
the stages, so a limit on them is a linear inequality. A weighted sum of these is one, too, that
every network within the limits keeps, and whose networks can be counted and drawn as those within
one limit. The weights are chosen so that most of them keep each limit; the others are left out of
the samples. If no network keeps a weighted sum, none is within the limits: that is a proof.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from nas_tc.errors import SpaceError
from nas_tc.space.amounts import keeps_limits
from nas_tc.space.graph import Graph, network_graph
from nas_tc.space.nearest import Limited
from nas_tc.space.onward import cheapest_onward
from nas_tc.space.paths import Paths, TooManyError, random_places
from nas_tc.space.peaks import KINDS
from nas_tc.space.space import Space
from nas_tc.space.stage_limits import MemoryLimit
from nas_tc.space.unit_costs import COMPLEXITY, INT8_WEIGHTS, KEPT, PARAMS

_BYTES = 4  # float32
_BINS = 1 << 11  # different weighted sums, at most
_LONGEST = 1 << 19  # entries of a list
_TRIES = 8  # sets of weights
_PROBES = 128  # networks drawn to judge weights
_GOOD = 0.2  # share of the networks drawn that keep all inequalities
_TINY = 1e-9

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Bound:
    """An inequality that a network within the limits keeps: a sum over its edges is at most `most`.

    Attributes:
        amounts: For each level the amount of each edge.
        most: Most that a network may have.
        least: Least that any network of the space has.
    """

    amounts: tuple[Floats, ...]
    most: float
    least: float


class Joint:
    """Uniform samples of the networks of a space within several limits.

    Args:
        space: Space of the networks.
        limits: Limits that formulas can check.

    Attributes:
        count: Number of networks that are drawn from; those of them that break a limit are left
            out. 0 is a proof that no network of the space is within the limits.

    Raises:
        SpaceError: A stage has too many choices.
    """

    def __init__(self, space: Space, limits: Sequence[Limited]) -> None:
        self._limits = tuple(limits)
        self._graph = network_graph(space, _on_memory(limits))
        self._bounds = _bounds(self._graph, limits)
        self.count = 0
        self._paths: Paths | None = None
        if any(bound.least > bound.most for bound in self._bounds):
            return
        weights = np.ones(len(self._bounds))
        best = -1.0
        random = np.random.default_rng(0)
        for _ in range(_TRIES):
            paths = self._weighted(weights)
            if not paths.count:
                self._paths, self.count = None, 0
                return
            kept = self._keeps(paths.at(random_places(paths.count, _PROBES, random)))
            share = float(kept.all(axis=0).mean())
            if share > best:
                best, self._paths, self.count = share, paths, paths.count
            if share >= _GOOD or len(weights) < 2:
                return
            broken = 1 - kept.mean(axis=1)
            weights = weights * (0.25 + broken / max(broken.mean(), _TINY))
            weights /= weights.mean()

    def draw(self, networks: int, random: np.random.Generator) -> Ints:
        """Settings of drawn networks, without those that break a limit.

        Args:
            networks: Number of networks to draw.
            random: Generator of the random numbers.

        Returns:
            Settings of the genes, shape (at most networks, genes).

        Raises:
            SpaceError: No network of the space is within the limits.
        """
        if self._paths is None:
            raise SpaceError(f"no network of {self._graph.space.name!r} is within the limits")
        return self._settings(self._paths.at(random_places(self.count, networks, random)))

    def all(self) -> Ints:
        """Settings of all networks within the limits."""
        if self._paths is None:
            return np.zeros((0, len(self._graph.space.genes)), dtype=np.int64)
        return self._settings(self._paths.at(np.arange(self.count)))

    def _settings(self, edges: list[Ints]) -> Ints:
        settings = self._graph.settings(edges)
        return settings[keeps_limits(self._graph.space, settings, self._limits)]

    def _keeps(self, edges: list[Ints]) -> NDArray[np.bool_]:
        """Whether networks keep each inequality, shape (inequalities, networks)."""
        found = np.ones((len(self._bounds), len(edges[0])), dtype=bool)
        for row, bound in zip(found, self._bounds, strict=True):
            amounts = zip(bound.amounts, edges, strict=True)
            row[:] = np.sum([amount[taken] for amount, taken in amounts], axis=0) <= bound.most
        return found

    def _weighted(self, weights: Floats) -> Paths:
        """The networks that keep the weighted sum of the inequalities.

        Each inequality counts from the least amount of any network, as 0, to the most, as 1.
        """
        levels = self._graph.levels
        sums = [np.zeros(len(level.src)) for level in levels]
        most = 0.0
        for weight, bound in zip(weights, self._bounds, strict=True):
            unit = max(bound.most - bound.least, _TINY * max(abs(bound.most), 1.0))
            sums = [
                each + weight / unit * amount
                for each, amount in zip(sums, bound.amounts, strict=True)
            ]
            most += weight / unit * bound.most
        most -= sum(each.min(initial=np.inf) for each in sums if len(each))
        sums = [each - each.min(initial=np.inf) for each in sums]
        bins = _BINS
        while True:
            scale = bins / max(most, _TINY)
            scaled = [np.floor(each * scale * (1 - _TINY)) for each in sums]
            edges = self._graph.edges([np.minimum(each, 2 * bins) for each in scaled])
            try:
                return Paths(edges, 0, bins, _LONGEST if bins > 1 else 1 << 62)
            except TooManyError:
                bins = max(1, bins // 4)


def _on_memory(limits: Sequence[Limited]) -> tuple[MemoryLimit, ...]:
    """The limits on peaks of memory."""
    kinds = {each: each for each in KINDS}
    return tuple(
        MemoryLimit(kinds[limit.bound.measure], limit.bound.batch, int(limit.most))
        for limit in limits
        if limit.bound.measure in kinds
    )


def _bounds(graph: Graph, limits: Sequence[Limited]) -> list[_Bound]:
    """The inequalities that networks within the limits keep."""
    found: list[_Bound] = []
    for limit in limits:
        name, images = limit.bound.measure, limit.bound.batch
        most, least = float(limit.most), float(limit.least)
        if name in ("complexity", "params"):
            measure = COMPLEXITY if name == "complexity" else PARAMS
            found.append(_bound(graph, {measure: 1.0}, 0.0, most))
            if least > 0:
                found.append(_bound(graph, {measure: -1.0}, 0.0, -least))
        elif name == "memory":  # the parameters, the images, and as much as these twice
            found.append(_bound(graph, {PARAMS: _BYTES}, 3.0 * _BYTES * images, most))
        elif name == "weights":
            found.append(_bound(graph, {PARAMS: _BYTES}, 0.0, most))
        elif name == "weights_int8":
            found.append(_bound(graph, {INT8_WEIGHTS: 1.0}, 0.0, most))
        elif name == "train_memory":  # the parameters, their momentum, the images, what is kept
            amounts = {PARAMS: 2.0 * _BYTES, KEPT: float(_BYTES * images)}
            found.append(_bound(graph, amounts, float(_BYTES * images), most))
    return found or [_bound(graph, {COMPLEXITY: 1.0}, 0.0, float("inf"))]


def _bound(graph: Graph, amounts: dict[int, float], for_a_value: float, most: float) -> _Bound:
    """An inequality.

    Args:
        graph: Graph of the networks.
        amounts: What each measure counts.
        for_a_value: What each value of an image counts.
        most: Most that a network may have.
    """
    space = graph.space
    sums = [
        np.sum([factor * level.costs[measure] for measure, factor in amounts.items()], axis=0)
        for level in graph.levels
    ]
    values = np.array([space.input[0] * prod(side) for side in space.sides], dtype=np.float64)
    resolution = graph.picks[0]["resolution"][graph.levels[0].option]
    sums[0] = sums[0] + for_a_value * values[resolution]
    least = float(cheapest_onward(graph.levels, sums)[0][0])
    if most == float("inf"):
        most = float(sum(amount.max(initial=0.0) for amount in sums))
    return _Bound(tuple(sums), most, least)
