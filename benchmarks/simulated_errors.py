"""Simulated validation errors for all networks of `plain-32`: landscapes fitted to real trainings.

A search of 40 trainings takes minutes, so samplers cannot be compared on real training with enough
seeds. Here a landscape gives every network of the space an error. It is a random draw from what
228 recorded trainings (results/pruning, results/search-training) leave open, so each seed has a
landscape of its own, and no sampler can be tuned to one of them. Four kinds differ in what makes
two networks alike:

- features: depth, map sizes, receptive field, widths, parameters (a Gaussian process's posterior);
- genes: the choices of the space, one by one, and the complexity (the same);
- both: the sum of the two;
- trees: a linear model of the features, and randomised trees on the genes and features.
"""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import Ridge

from nas_tc.architecture import Architecture, Conv, MaxPool, parse_notation, walk
from nas_tc.cost import complexity
from nas_tc.errors import ArchitectureError
from nas_tc.space import Feasible, Space, load_space

RESULTS = Path(__file__).parent.parent / "results"
KINDS = ("features", "genes", "both", "trees")
# What a training of 4 epochs with Muon shows, as in two searches on CIFAR-10 (70 trainings): the
# standard deviation of its final error, and at the rungs the mean excess of the error, the
# deviation of that, and the deviation of the final error that the training loss foretells.
EPOCHS = 4
SEED_NOISE = 0.006
RUNGS = {1: (0.20, 0.05, 0.016), 2: (0.10, 0.025, 0.010)}
WAVES = 1500  # random Fourier features of a draw
SAMPLE = 5_000  # networks among which the best is looked for first
CLIMBS = 3  # of these, from which it is looked for by changing one gene at a time


def plain_32() -> Space:
    """The space, for images of 32 pixels in ten classes."""
    return load_space("plain-32").at((3, 32, 32), 10)


def properties(network: Architecture) -> list[float]:
    """What the error of a plain network of three stages may depend on, mostly logarithms."""
    macs, depths = [0.0, 0.0, 0.0], [0, 0, 0]
    field = jump = 1
    sides = filters = params = widths = 0.0
    convs = []
    for layer in walk(network):
        if isinstance(layer, Conv):
            stage = int(layer.name.removeprefix("conv").split(".")[0]) - 1
            field += (layer.filter - 1) * jump
            jump *= layer.stride
            macs[stage] += layer.complexity
            depths[stage] += 1
            sides += layer.complexity * log2(layer.output[1])
            filters += layer.complexity * layer.filter
            params += layer.weights
            widths += log2(layer.n_out)
            convs.append(layer)
        elif isinstance(layer, MaxPool):
            field += (layer.size - 1) * jump
            jump *= layer.stride
    total = sum(macs)
    return [
        log2(total), log2(len(convs)), log2(convs[0].output[1]), sides / total,
        log2(convs[-1].output[1]), log2(convs[0].n_out), log2(convs[-1].n_out),
        widths / len(convs), log2(params), log2(field), filters / total,
        *(each / total for each in macs), *(log2(each + 1) for each in depths), log2(jump),
    ]  # fmt: skip


@dataclass(frozen=True)
class Recorded:
    """Real trainings: genes, properties and errors, two experiments brought to one mean."""

    genes: np.ndarray
    properties: np.ndarray
    errors: np.ndarray


class Encoding:
    """Networks as rows of numbers, those of their genes and those of their properties.

    Args:
        space: space of the networks.
        properties: what the error of a network may depend on; `properties` is for `plain-32`.
    """

    def __init__(
        self, space: Space, properties: Callable[[Architecture], Sequence[float]] = properties
    ) -> None:
        self.space = space
        self._properties = properties
        self._choices = [{c: n for n, c in enumerate(gene.choices)} for gene in space.genes]
        self._known: dict[tuple, tuple[list[float], list[float]]] = {}

    def rows(self, settings: Sequence[dict]) -> tuple[np.ndarray, np.ndarray]:
        """Genes and properties, shapes (settings, numbers)."""
        found = [self._row(values) for values in settings]
        return np.array([each[0] for each in found]), np.array([each[1] for each in found])

    def _row(self, values: dict) -> tuple[list[float], list[float]]:
        key = tuple(values.values())
        if key not in self._known:
            network = self.space.decode(values)
            found: list[float] = []
            for gene, places in zip(self.space.genes, self._choices, strict=True):
                place = places[values[gene.name]]
                if isinstance(gene.choices[0], int):
                    found.append(place / (len(places) - 1))
                found += [0.7 * (place == other) for other in range(len(places))]
            self._known[key] = found, list(self._properties(network))
        return self._known[key]


def recorded(encoding: Encoding) -> Recorded:
    """The trainings on 4,000 images in the results of this project."""
    settings, errors, source = [], [], []
    for line in (RESULTS / "pruning/curves.jsonl").read_text().splitlines():
        row = json.loads(line)
        settings.append(row["genes"])
        errors.append(row["errors"][-1])
        source.append(0)
    space = encoding.space
    with (RESULTS / "search-training/trials.csv").open() as file:
        for row in csv.DictReader(file):
            if row["state"] == "complete":
                stages = parse_notation(row["network"])
                network = Architecture(space.input, stages, space.head, 10, space.norm)
                settings.append(space.encode(network))
                errors.append(float(row["val_error"]))
                source.append(1)
    genes, found = encoding.rows(settings)
    # The two experiments have different lengths: the second is moved by what a linear model says.
    design = np.column_stack([found - found.mean(0), source])
    offset = Ridge(1.0).fit(design, errors).coef_[-1]
    return Recorded(genes, found, np.array(errors) - offset * np.array(source))


class Landscape:
    """The true error of every network, one draw.

    Args:
        kind: one of `KINDS`.
        seed: of the draw.
        encoding: of the space.
        data: what it is fitted to.
        limit: multiply-adds that a network may have.
    """

    def __init__(
        self, kind: str, seed: int, encoding: Encoding, data: Recorded, limit: float
    ) -> None:
        self.kind, self.limit = kind, limit
        self._encoding = encoding
        self._random = np.random.default_rng([seed, KINDS.index(kind)])
        self._center, self._scale = data.properties.mean(0), data.properties.std(0)
        self._scale[self._scale == 0] = 1.0  # the same for all
        self._known: dict[tuple, float] = {}
        self._best: float | None = None
        inputs = self._inputs(data.genes, data.properties)
        if kind == "trees":
            self._fit_trees(data)
        else:
            self._fit_process(inputs, data.errors)

    @property
    def space(self) -> Space:
        """The space of the networks."""
        return self._encoding.space

    def errors(self, settings: Sequence[dict]) -> np.ndarray:
        """The true errors of networks, shape (settings,)."""
        genes, found = self._encoding.rows(settings)
        if self.kind == "trees":
            return self._of_trees(genes, found)
        return self._of_process(self._inputs(genes, found))

    def error(self, values: dict) -> float:
        """The true error of one network."""
        key = tuple(values.values())
        if key not in self._known:
            self._known[key] = float(self.errors([values])[0])
        return self._known[key]

    def best(self, feasible: Feasible) -> float:
        """The least error that is found among the networks within the limit."""
        if self._best is not None:
            return self._best
        drawn = feasible.values(feasible.draw(SAMPLE, np.random.default_rng(0)))
        errors = self.errors(drawn)
        least = float(errors.min())
        for place in np.argsort(errors)[:CLIMBS]:
            least = min(least, self._climbed(drawn[place], float(errors[place])))
        self._best = least
        return least

    def _climbed(self, values: dict, error: float) -> float:
        space = self._encoding.space
        while True:
            tried = [
                {**values, gene.name: choice}
                for gene in space.genes
                for choice in gene.choices
                if choice != values[gene.name]
            ]
            tried = [each for each in tried if fits(space, each, self.limit)]
            errors = self.errors(tried)
            if errors.min() >= error - 1e-6:
                return error
            values, error = tried[int(errors.argmin())], float(errors.min())

    def _inputs(self, genes: np.ndarray, found: np.ndarray) -> list[np.ndarray]:
        """What the parts of the covariance see, already divided by their lengths."""
        z = (found - self._center) / self._scale
        by_features, by_genes = z / 4.0, np.column_stack([genes / 3.0, z[:, 0] / 3.0])
        return {
            "features": [by_features],
            "genes": [by_genes],
            "both": [by_features, by_genes],
            "trees": [],
        }[self.kind]

    def _fit_process(self, inputs: list[np.ndarray], errors: np.ndarray) -> None:
        """Matheron's rule: a draw from the prior, moved by what the data say of it."""
        self._mean = errors.mean()
        variance = errors.var()
        random = self._random
        self._parts, self._rows = [], inputs
        for rows in inputs:
            linear = random.normal(size=rows.shape[1])
            lengths = np.exp(random.normal(0, 0.3, rows.shape[1]))
            # Spectral density of Matern 5/2: a Student t of 5 degrees of freedom.
            waves = random.normal(size=(rows.shape[1], WAVES)) / np.sqrt(
                random.chisquare(5, WAVES) / 5
            )
            self._parts.append(
                (linear, lengths, waves / lengths[:, None], random.uniform(0, 2 * np.pi, WAVES),
                 random.normal(size=WAVES), variance / len(inputs))
            )  # fmt: skip
        prior = self._prior(inputs)
        covariance = self._covariance(inputs)
        noise = random.normal(0, SEED_NOISE, len(errors))
        covariance[np.diag_indices(len(errors))] += SEED_NOISE**2
        self._weights = np.linalg.solve(covariance, errors - self._mean - prior - noise)

    def _prior(self, inputs: list[np.ndarray]) -> np.ndarray:
        total = np.zeros(len(inputs[0]))
        for rows, (linear, _, waves, phases, amplitudes, variance) in zip(
            inputs, self._parts, strict=True
        ):
            total += np.sqrt(variance / 2) * rows @ linear
            for chunk in range(0, len(rows), 4096):
                part = rows[chunk : chunk + 4096]
                total[chunk : chunk + 4096] += np.sqrt(variance / WAVES) * (
                    np.cos(part @ waves + phases) @ amplitudes
                )
        return total

    def _covariance(self, inputs: list[np.ndarray]) -> np.ndarray:
        """Of rows and the recorded trainings; half linear, half Matern 5/2."""
        total = 0.0
        for rows, known, (_, lengths, _, _, _, variance) in zip(
            inputs, self._rows, self._parts, strict=True
        ):
            a, b = rows / lengths, known / lengths
            square = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
            r = np.sqrt(5 * np.maximum(square, 0))
            total = total + variance / 2 * (rows @ known.T + (1 + r + r**2 / 3) * np.exp(-r))
        return total

    def _of_process(self, inputs: list[np.ndarray]) -> np.ndarray:
        return self._mean + self._prior(inputs) + self._covariance(inputs) @ self._weights

    def _fit_trees(self, data: Recorded) -> None:
        picked = self._random.integers(len(data.errors), size=len(data.errors))
        z = (data.properties - self._center) / self._scale
        self._line = Ridge(8.0).fit(z[picked], data.errors[picked])
        rest = data.errors[picked] - self._line.predict(z[picked])
        self._trees = ExtraTreesRegressor(
            30, min_samples_leaf=2, max_features=0.3, random_state=int(self._random.integers(1e9))
        ).fit(np.column_stack([data.genes, z])[picked], rest)

    def _of_trees(self, genes: np.ndarray, found: np.ndarray) -> np.ndarray:
        z = (found - self._center) / self._scale
        return self._line.predict(z) + self._trees.predict(np.column_stack([genes, z]))


def fits(space: Space, values: dict, limit: float) -> bool:
    """Whether a network of the space is within the limit, and a network at all."""
    try:
        return complexity(space.decode(values)) <= limit
    except ArchitectureError:
        return False
