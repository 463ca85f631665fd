"""Expected errors of candidates, from noisy errors of others: a Gaussian process.

benchmarks/search_quality.py and docs/search.md say what it was chosen against.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular

from nas_tc.sampler.distributions import Floats
from nas_tc.sampler.kernel import Kernel

_VARIANCES_FROM, _VARIANCES_UPTO = 10, 150  # observations that the variances are chosen on
_GROWTH = 1.2  # of these, before they are chosen anew


@dataclass(frozen=True)
class Scale:
    """Errors on a scale on which bad ones lie close together.

    A model that must also tell a bad network from a terrible one gives its strength away. Beyond
    the median the scale is logarithmic.
    """

    median: float
    unit: float  # from the median to the least

    @classmethod
    def of(cls, errors: Floats) -> "Scale":
        """The scale of these errors."""
        median = float(np.median(errors))
        return cls(median, max(median - float(errors.min()), 1e-12))

    def to(self, errors: Floats) -> Floats:
        """From errors to the scale."""
        z = (errors - self.median) / self.unit
        return np.where(z > 0, np.log1p(np.maximum(z, 0)), z)

    def back(self, z: Floats) -> Floats:
        """From the scale to errors."""
        wide = np.where(z > 0, np.expm1(np.clip(z, 0, 50)), z)
        return self.median + self.unit * wide

    def slope(self, errors: Floats) -> Floats:
        """How far the scale goes for a unit of error."""
        z = (errors - self.median) / self.unit
        return 1 / (self.unit * (1 + np.maximum(z, 0)))


@dataclass(frozen=True)
class Sample:
    """Observed errors, in the order in which they were made.

    Attributes:
        features: shape (observations, features).
        errors: shape (observations,).
        spreads: standard deviation that each has beyond the common noise.
    """

    features: Floats
    errors: Floats
    spreads: Floats


@dataclass(frozen=True)
class Posterior:
    """What a model expects of the noiseless errors at some points, on the scale.

    Attributes:
        features: Shape (points, features).
        mean: Expected errors, shape (points,).
        deviation: Their standard deviations, shape (points,).
        whitened: Covariances with the observations, divided by the Cholesky factor of theirs, shape
            (observations, points).
    """

    features: Floats
    mean: Floats
    deviation: Floats
    whitened: Floats

    @classmethod
    def of(cls, parts: "Sequence[Posterior]") -> "Posterior":
        """The points of several as those of one."""
        return cls(
            np.concatenate([each.features for each in parts]),
            np.concatenate([each.mean for each in parts]),
            np.concatenate([each.deviation for each in parts]),
            np.concatenate([each.whitened for each in parts], axis=1),
        )

    def at(self, places: Any) -> "Posterior":
        """Some of the points."""
        return Posterior(
            self.features[places],
            self.mean[places],
            self.deviation[places],
            self.whitened[:, places],
        )


class Surrogate:
    """A model of the error; `fit` it before anything is asked.

    Args:
        parameters: how many the features speak of.
    """

    def __init__(self, parameters: int) -> None:
        self._length = 0.5 * sqrt(max(parameters, 1))
        self._kernels: dict[int, Kernel] = {}
        self._kernel = Kernel(0.0, 0.0, 1.0, 0.0)
        self._features: Floats = np.zeros((0, 0))
        self._prior: Floats = np.zeros((0, 0))  # covariance of the noiseless errors
        self._factor: Floats = np.zeros((0, 0))  # Cholesky factor of that of the observed errors
        self._errors: Floats = np.zeros(0)  # standardised, on the scale
        self._weights: Floats = np.zeros(0)
        self._center, self._unit = 0.0, 1.0
        self.scale = Scale(0.0, 1.0)

    def fit(self, sample: Sample, first: Callable[[int], Sample], new: int | None = None) -> None:
        """Learns from a sample.

        Args:
            sample: that the model is fitted to.
            first: gives the first so many observations of all. The variances hang on these alone,
                so that a search that is resumed has the same ones; they are chosen anew when a
                fifth more is known.
            new: how many of the last rows the sample of the fit before lacks, which has all others;
                None: it is another sample.
        """
        known = _VARIANCES_FROM
        while known * _GROWTH <= min(len(sample.errors), _VARIANCES_UPTO):
            known = round(known * _GROWTH)
        known = min(known, len(sample.errors))
        if known not in self._kernels:
            few = first(known)
            z, variance = _scaled(Scale.of(few.errors), few)
            self._kernels[known] = Kernel.likeliest(few.features, z, variance, self._length)
        before, self._kernel = self._kernel, self._kernels[known]
        self.scale = Scale.of(sample.errors)
        z, variance = _scaled(self.scale, sample)
        self._center, self._unit = float(z.mean()), float(z.std())
        if self._unit < 1e-14:  # all errors are the same
            self._unit = 1.0
        self._errors = (z - self._center) / self._unit
        self._features = sample.features
        if new is None or self._kernel is not before:
            self._prior = self._kernel.of(sample.features, sample.features)
        else:
            rows = self._kernel.of(sample.features[-new:], sample.features)
            self._prior = np.block([[self._prior, rows[:, :-new].T], [rows]])
        covariance = self._prior.copy()
        covariance[np.diag_indices_from(covariance)] += self._kernel.noise + variance
        self._factor = cholesky(covariance, lower=True, overwrite_a=True, check_finite=False)
        self._weights = cho_solve((self._factor, True), self._errors, check_finite=False)

    def mean(self, features: Floats) -> Floats:
        """Means of the noiseless error, on the scale."""
        return self._mean(self._kernel.of(features, self._features))

    @property
    def sample_mean(self) -> Floats:
        """`mean` of the sample that it was fitted to."""
        return self._mean(self._prior)

    def posterior(self, features: Floats) -> Posterior:
        """Means, standard deviations and what covariances are computed from."""
        known = self._kernel.of(features, self._features)
        mean = self._mean(known)
        whitened = self._whitened(known.T, overwrites=True)
        variance = self._kernel.variance(features) - np.einsum("kp,kp->p", whitened, whitened)
        deviation = np.sqrt(np.maximum(variance * self._unit**2, 1e-12))
        return Posterior(features, mean, deviation, whitened)

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Means and standard deviations of the noiseless error, on the scale."""
        found = self.posterior(features)
        return found.mean, found.deviation

    def covariance(self, some: Posterior, others: Posterior) -> Floats:
        """Of the noiseless errors at two sets of points, on the scale, shape (some, others)."""
        prior = self._kernel.of(some.features, others.features)
        found: Floats = (prior - some.whitened.T @ others.whitened) * self._unit**2
        return found

    def regression(self, design: Floats) -> tuple[Floats, Floats, int]:
        """Linear effects on the errors beside all that the model explains otherwise.

        Generalised least squares with the model's covariance: the effects are not drawn to 0, as
        the model's own expectations are (universal kriging).

        Args:
            design: A column for each effect, of full rank, shape (observations, effects); the rows
                are in the order of the sample.

        Returns:
            Coefficients on the scale, shape (effects,), their covariance and the degrees of freedom
            of Student's t. Where the residuals are larger than the model thinks, these count.
        """
        design, errors = self._whitened(design), self._whitened(self._errors)
        inverse = np.linalg.inv(design.T @ design)
        found = inverse @ design.T @ errors
        freedom = len(errors) - design.shape[1]
        spread = float(((errors - design @ found) ** 2).sum()) / max(freedom, 1)
        unit = self._unit
        return found * unit, inverse * max(spread, 1.0) * unit**2, freedom

    @property
    def noise_variance(self) -> float:
        """Of one observation, on the scale."""
        return self._kernel.noise * self._unit**2

    @property
    def noise(self) -> float:
        """Standard deviation of one observation, as an error at the median."""
        return sqrt(self._kernel.noise) * self._unit * self.scale.unit

    def _mean(self, known: Floats) -> Floats:
        found: Floats = self._unit * (known @ self._weights) + self._center
        return found

    def _whitened(self, columns: Floats, *, overwrites: bool = False) -> Floats:
        found: Floats = solve_triangular(
            self._factor, columns, lower=True, overwrite_b=overwrites, check_finite=False
        )
        return found


def _scaled(scale: Scale, sample: Sample) -> tuple[Floats, Floats]:
    """Errors on the scale, and the variance that each has beyond the common noise."""
    z = scale.to(sample.errors)
    beyond = (sample.spreads * scale.slope(sample.errors)) ** 2
    return z, beyond / max(float(z.var()), 1e-12) + 1e-8
