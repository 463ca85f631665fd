"""The study's surrogate as a regression: the effect of a choice beside all others."""

from collections.abc import Mapping, Sequence
from math import log2, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import CategoricalDistribution
from scipy.stats import t as student

from nas_tc.architecture import Architecture
from nas_tc.space import Space, canonical_settings, complexity_batch

Floats = NDArray[np.float64]

_FEWEST = 3  # networks with and without a choice, for its effect to be told
_CONFIDENCE = 0.95
_MOST_LEARNED = 1000  # networks: the time that the model takes grows with their cube


class EffectModel:
    """A model of the errors of a study's networks, to be asked for effects at equal cost.

    Args:
        space: Space of the networks.
        trained: Genes and error, 0 to 1, of each trained network.
        least: Least multiply-adds of the networks whose effects are asked for.
        most: Most multiply-adds of the space's networks.
    """

    def __init__(
        self,
        space: Space,
        trained: Sequence[tuple[Mapping[str, Any], float]],
        least: int,
        most: int,
    ) -> None:
        # Loading SciPy takes longer than the rest of a small study's report.
        from nas_tc.sampler.candidates import Candidates, features_of  # noqa: PLC0415
        from nas_tc.sampler.surrogate import Sample, Surrogate  # noqa: PLC0415

        some = np.linspace(0, len(trained) - 1, min(len(trained), _MOST_LEARNED)).astype(int)
        learned = [trained[place] for place in some.tolist()]
        settings = np.array(space.numbers([genes for genes, _ in learned]), dtype=np.int64)
        known = space.values(canonical_settings(space, settings).tolist())
        costs = dict(zip(map(id, known), complexity_batch(space, settings).tolist(), strict=True))
        points = Candidates(
            {gene.name: CategoricalDistribution(gene.choices) for gene in space.genes},
            lambda genes: float(costs[id(genes)]),
            most,
            lambda genes: genes,
        )
        here = points.all_of(known)
        features = features_of(here)
        errors = np.array([error for _, error in learned], dtype=np.float64)
        nothing = np.zeros(len(errors))
        self._surrogate = Surrogate(len(space.genes))
        self._surrogate.fit(
            Sample(features, errors, nothing),
            lambda first: Sample(features[:first], errors[:first], nothing[:first]),
        )
        self.genes = [point.params for point in here]
        self.networks: list[Architecture] = [space.decode(genes) for genes in self.genes]
        self._octaves = np.array([log2(point.cost) for point in here])
        self._is_near = np.array([point.cost >= least for point in here])
        typical = np.median(errors[self._is_near]) if self._is_near.any() else np.median(errors)
        self._to_points = 100 / float(self._surrogate.scale.slope(np.array([typical]))[0])

    @property
    def near(self) -> int:
        """Number of networks whose effects are asked for."""
        return int(self._is_near.sum())

    def effect(self, values: Floats) -> tuple[float, float, float] | None:
        """The effect of a step of 1 in `values` on the error, at equal cost.

        The effect is of the networks of at least `least` multiply-adds; the others have one of
        their own, and tell with their errors what the remaining choices do.

        Args:
            values: A value for each network.

        Returns:
            Change of the error, half of its 95 % interval, and the standard deviation that the
            choice makes, all in percentage points. None if too few networks differ in it.
        """
        near, far = self._is_near, ~self._is_near
        counts = np.unique(values[near], return_counts=True)[1]
        if len(counts) < 2 or counts.sum() - counts.max() < _FEWEST:
            return None
        columns = [np.where(near, values, 0.0), np.ones_like(values), self._octaves]
        if far.any():
            columns += [near.astype(np.float64), np.where(far, values, 0.0)]
        design = np.column_stack(columns)
        kept = _independent(design)
        if 0 not in kept or len(values) - len(kept) < _FEWEST:
            return None
        found, covariance, freedom = self._surrogate.regression(design[:, kept])
        within = student.ppf((1 + _CONFIDENCE) / 2, freedom) * sqrt(float(covariance[0, 0]))
        points = float(found[0]) * self._to_points
        return points, within * self._to_points, abs(points) * float(values[near].std())


def _independent(design: Floats) -> list[int]:
    """Columns that the others do not make up, the first last to be left out."""
    kept: list[int] = []
    for column in [*range(1, design.shape[1]), 0]:
        tried = [*kept, column]
        if np.linalg.matrix_rank(design[:, tried]) == len(tried):
            kept = tried
    return sorted(kept)
