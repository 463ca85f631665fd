"""Models of learning curves over networks and epochs, for `benchmarks/curve_model.py`.

`CurveProcess` is a Gaussian process over all points (network, epoch) in the manner of Swersky,
Snoek & Adams, "Freeze-thaw Bayesian optimization" (2014, arXiv:1406.3896): a network's asymptote
comes from a process over its features, and its curve falls towards it by their kernel of
exponential decays. `regression` is the plain thing beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import CategoricalDistribution
from scipy.linalg import LinAlgError, cho_solve, cholesky
from scipy.optimize import minimize
from scipy.spatial.distance import pdist, squareform
from scipy.special import ndtr

from nas_tc.cost import complexity
from nas_tc.experience import SpaceNumbers, experience_for, load_experience
from nas_tc.sampler.candidates import Candidates, features_of
from nas_tc.space import Space

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CENTER, UNIT = 0.5, 0.1  # errors as the process sees them: (error - CENTER) / UNIT
LOWEST, HIGHEST = -9.0, 6.0  # logarithms of variances
RIDGE = 3.0


@dataclass(frozen=True)
class Curves:
    """Recorded trainings.

    Attributes:
        costs: Multiply-adds, shape (networks,).
        errors: After each epoch, shape (networks, epochs).
        features: What the model of a search sees of each: its genes, what earlier trainings say of
            it, its cost, shape (networks, features).
        expected: What earlier trainings say, the logarithm of the error up to a constant.
    """

    costs: Ints
    errors: Floats
    features: Floats
    expected: Floats

    @classmethod
    def of(cls, rows: Sequence[dict], space: Space, limit: int) -> "Curves":
        """Those of the lines of `curves.jsonl`.

        Args:
            rows: The lines.
            space: Space of their genes.
            limit: Most multiply-adds of the search.
        """
        experience = load_experience(experience_for(space) or "")
        numbers = SpaceNumbers(space)
        candidates = Candidates(
            {gene.name: CategoricalDistribution(gene.choices) for gene in space.genes},
            lambda genes: complexity(space.decode(genes)),
            limit,
            lambda genes: space.encode(space.decode(genes)),
            expectation=lambda settings: experience.expected(numbers(settings.astype(np.int64))),
        )
        points = candidates.all_of([row["genes"] for row in rows])
        return cls(
            np.array([row["complexity"] for row in rows]),
            np.array([row["errors"] for row in rows]),
            features_of(points),
            np.array([point.expected for point in points]),
        )


@dataclass(frozen=True)
class Covariance:
    """Parts of the covariance of all points, network by network and epoch by epoch.

    Attributes:
        parts: Each at a variance of 1, shape (points, points).
    """

    parts: list[Floats]

    @classmethod
    def freeze_thaw(cls, features: Floats, length: float, epochs: int) -> "Covariance":
        """As in the paper: asymptotes by features, own decays from 0, noise."""
        decay = exponential_decay(epochs)
        own = np.eye(len(features))
        level = np.ones((epochs, epochs))
        linear, smooth = over_features(features, length)
        return cls([
            np.kron(linear, level),
            np.kron(smooth, level),
            np.kron(own, level),
            np.kron(own, decay),
            np.eye(len(features) * epochs),
        ])  # fmt: skip

    @classmethod
    def with_common_curve(cls, features: Floats, length: float, epochs: int) -> "Covariance":
        """The same; all networks share a curve, alike ones decay alike, early noise is larger."""
        decay, steps = exponential_decay(epochs), np.arange(1, epochs + 1)
        apart = abs(steps[:, None] - steps[None]) * sqrt(5) / (epochs / 2)
        everyone = np.ones((len(features), len(features)))
        early = np.diag((1 - steps / epochs) ** 2)
        _, smooth = over_features(features, length)
        return cls([
            *cls.freeze_thaw(features, length, epochs).parts,
            np.kron(everyone, (1 + apart + apart**2 / 3) * np.exp(-apart)),
            np.kron(smooth, decay),
            np.kron(np.eye(len(features)), early),
        ])  # fmt: skip

    def likeliest(self, errors: Floats, networks: Ints) -> Floats:
        """Variances of the greatest marginal likelihood of these networks' whole curves.

        Args:
            errors: Of all networks, shape (networks, epochs).
            networks: Those to learn from.
        """
        epochs = errors.shape[1]
        points = (networks[:, None] * epochs + np.arange(epochs)).ravel()
        parts = [part[np.ix_(points, points)] for part in self.parts]
        target = scaled(errors).ravel()[points]

        def objective(logarithms: Floats) -> tuple[float, Floats]:
            variances = np.exp(logarithms)
            covariance = sum(v * part for v, part in zip(variances, parts, strict=True))
            try:
                factor = cholesky(covariance, lower=True, check_finite=False)
            except LinAlgError:
                return 1e10, np.zeros_like(logarithms)
            weights = cho_solve((factor, True), target, check_finite=False)
            inverse = cho_solve((factor, True), np.eye(len(target)), check_finite=False)
            inner = np.outer(weights, weights) - inverse
            slopes = [-0.5 * v * np.vdot(inner, p) for v, p in zip(variances, parts, strict=True)]
            return 0.5 * target @ weights + np.log(np.diag(factor)).sum(), np.array(slopes)

        first = np.log([0.1, 0.3, 0.1, 0.3, 0.05, 1.0, 0.1, 0.1][: len(parts)])
        bounds = [(LOWEST, HIGHEST)] * len(parts)
        options = {"maxiter": 60}
        found = minimize(
            objective, first, method="L-BFGS-B", jac=True, bounds=bounds, options=options
        )
        return np.exp(found.x)

    def total(self, variances: Floats) -> Floats:
        return sum(v * part for v, part in zip(variances, self.parts, strict=True))


class CurveProcess:
    """What is expected of the last errors, after each error that was seen.

    Args:
        covariance: Of all points, shape (points, points).
        errors: Of all networks; only those that `see` was told are used.
    """

    def __init__(self, covariance: Floats, errors: Floats) -> None:
        networks, self._epochs = errors.shape
        self._covariance = covariance
        self._values = scaled(errors).ravel()
        self._last = np.arange(networks) * self._epochs + self._epochs - 1
        self._many = 0  # points that were seen
        self._rows = np.zeros_like(covariance)  # of the Cholesky factor, for all points
        self._targets = np.zeros(len(covariance))

    def see(self, network: int, epoch: int) -> None:
        """Learns the error of a network after an epoch, from 1."""
        point, before = network * self._epochs + epoch - 1, self._rows[: self._many]
        row = self._covariance[point] - before[:, point] @ before
        rest = sqrt(max(row[point], 1e-10))
        self._rows[self._many] = row / rest
        known = before[:, point] @ self._targets[: self._many]
        self._targets[self._many] = (self._values[point] - known) / rest
        self._many += 1

    def expected(self, networks: Sequence[int]) -> tuple[Floats, Floats]:
        """Means of the last errors of networks, and their covariances."""
        last = self._last[networks]
        known = self._rows[: self._many, last]
        mean = known.T @ self._targets[: self._many]
        covariance = self._covariance[np.ix_(last, last)] - known.T @ known
        return CENTER + UNIT * mean, UNIT**2 * covariance


def exponential_decay(epochs: int) -> Floats:
    """Covariance of curves that are mixtures of exponential decays, alpha and beta of 1.

    Swersky, Snoek & Adams (2014), equation 6: beta^alpha / (t + t' + beta)^alpha.
    """
    steps = np.arange(1, epochs + 1)
    return 1.0 / (steps[:, None] + steps[None] + 1.0)


def over_features(features: Floats, length: float) -> tuple[Floats, Floats]:
    """The two parts of the covariance of a search's model: linear, and Matérn 5/2."""
    centered = features - features.mean(axis=0)
    apart = squareform(pdist(centered / length)) * sqrt(5)
    return centered @ centered.T + 1, (1 + apart + apart**2 / 3) * np.exp(-apart)


def scaled(errors: Floats) -> Floats:
    return (errors - CENTER) / UNIT


def regression(known: Floats, targets: Floats, asked: Floats) -> tuple[Floats, float]:
    """Ridge regression on standardised columns.

    Args:
        known: Columns of the known networks, shape (known, columns).
        targets: Their last errors.
        asked: Columns of others, shape (asked, columns).

    Returns:
        What is expected of the others, and the standard deviation of the residuals where each
        known network is left out in turn.
    """
    center, unit = known.mean(axis=0), known.std(axis=0)
    unit[unit < 1e-9] = 1.0
    design = np.column_stack([np.ones(len(known)), (known - center) / unit])
    penalty = RIDGE * np.eye(design.shape[1])
    penalty[0, 0] = 0.0
    hat = np.linalg.solve(design.T @ design + penalty, design.T)
    weights = hat @ targets
    leverage = np.einsum("kc,ck->k", design, hat)
    residuals = (targets - design @ weights) / (1 - leverage)
    others = np.column_stack([np.ones(len(asked)), (asked - center) / unit])
    return others @ weights, float(np.sqrt((residuals**2).mean()))


def columns_at(curves: Curves, epoch: int) -> Floats:
    """What the regression sees of networks after an epoch; nothing of their curves at 0."""
    recent = curves.errors[:, max(epoch - 3, 0) : epoch]
    return np.column_stack([recent, np.log2(curves.costs), curves.expected])


def expected_gain(
    finished: Sequence[tuple[int, float]],
    cost: int,
    mean: float,
    deviation: float,
    most: int,
    chance: float,
) -> float:
    """By how much a network is expected to raise the area that a front dominates.

    Args:
        finished: Costs and errors of those that came to their end.
        cost: Cost of the network.
        mean: Its expected error.
        deviation: Standard deviation of that.
        most: Cost up to which the area counts.
        chance: Error up to which it counts.

    Returns:
        Share of the rectangle of `most` and `chance`.
    """
    begin, level, gain = cost, chance, 0.0
    for other, error in sorted(finished):
        if error >= level:
            continue
        if other > begin:
            gain += (other - begin) * _improvement(level, mean, deviation)
            begin = other
        level = error
    gain += (most - begin) * _improvement(level, mean, deviation)
    return gain / (most * chance)


def chance_to_join(
    finished: Sequence[tuple[int, float]], cost: int, mean: float, deviation: float
) -> float:
    """Probability that nothing finished that costs no more is as good."""
    level = min((error for other, error in finished if other <= cost), default=np.inf)
    return float(ndtr((level - mean) / deviation))


def _improvement(level: float, mean: float, deviation: float) -> float:
    """Expected amount by which a normal variable lies below `level`."""
    z = (level - mean) / deviation
    return float((level - mean) * ndtr(z) + deviation * np.exp(-0.5 * z * z) / sqrt(2 * np.pi))
