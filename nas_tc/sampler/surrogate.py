"""Expected errors of candidates, from noisy errors of others: a Gaussian process.

The covariance is that of a linear model plus a smooth deviation from it (Matérn 5/2, length grown
with the number of parameters) plus noise; the three variances are those of the greatest marginal
likelihood. benchmarks/search_quality.py and docs/search.md say what it was chosen against.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Matern, WhiteKernel

from nas_tc.sampler.distributions import Floats

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


class Surrogate:
    """A model of the error; `fit` it before anything is asked.

    Args:
        parameters: how many the features speak of.
    """

    def __init__(self, parameters: int) -> None:
        self._length = 0.5 * sqrt(max(parameters, 1))
        self._kernels: dict[int, Any] = {}
        self._process: Any = None
        self._noise = 0.0
        self.scale = Scale(0.0, 1.0)

    def fit(self, sample: Sample, first: Callable[[int], Sample]) -> None:
        """Learns from a sample.

        Args:
            sample: that the model is fitted to.
            first: gives the first so many observations of all. The variances hang on these alone,
                so that a search that is resumed has the same ones; they are chosen anew when a
                fifth more is known.
        """
        known = _VARIANCES_FROM
        while known * _GROWTH <= min(len(sample.errors), _VARIANCES_UPTO):
            known = round(known * _GROWTH)
        known = min(known, len(sample.errors))
        if known not in self._kernels:
            self._kernels[known] = self._chosen(first(known))
        kernel = self._kernels[known]
        self.scale = Scale.of(sample.errors)
        z, variance = _scaled(self.scale, sample)
        self._noise = kernel.k2.noise_level
        self._process = GaussianProcessRegressor(
            kernel, alpha=variance, optimizer=None, normalize_y=True
        ).fit(sample.features, z)

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Means and standard deviations of the noiseless error, on the scale."""
        mean, deviation = self._process.predict(features, return_std=True)
        unit = float(self._process._y_train_std)
        return mean, np.sqrt(np.maximum(deviation**2 - self._noise * unit**2, 1e-12))

    def covariance(self, some: Floats, others: Floats) -> Floats:
        """Of the noiseless errors at two sets of features, on the scale, shape (some, others)."""
        process = self._process
        kernel, known = process.kernel_.k1, process.X_train_
        left, right = (
            solve_triangular(process.L_, kernel(known, each), lower=True, check_finite=False)
            for each in (some, others)
        )
        unit = float(process._y_train_std)
        found: Floats = (kernel(some, others) - left.T @ right) * unit**2
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
        process = self._process
        design, errors = (
            solve_triangular(process.L_, each, lower=True, check_finite=False)
            for each in (design, process.y_train_)
        )
        inverse = np.linalg.inv(design.T @ design)
        found = inverse @ design.T @ errors
        freedom = len(errors) - design.shape[1]
        spread = float(((errors - design @ found) ** 2).sum()) / max(freedom, 1)
        unit = float(process._y_train_std)
        return found * unit, inverse * max(spread, 1.0) * unit**2, freedom

    @property
    def noise_variance(self) -> float:
        """Of one observation, on the scale."""
        return float(self._noise * self._process._y_train_std**2)

    @property
    def noise(self) -> float:
        """Standard deviation of one observation, as an error at the median."""
        return float(sqrt(self._noise) * self._process._y_train_std * self.scale.unit)

    def _chosen(self, sample: Sample) -> Any:
        """The covariance whose variances make the sample most likely."""
        z, variance = _scaled(Scale.of(sample.errors), sample)
        kernel = (
            ConstantKernel(1.0, (1e-3, 1e2)) * DotProduct(1.0, "fixed")
            + ConstantKernel(0.3, (1e-3, 1e2)) * Matern(self._length, "fixed", nu=2.5)
        ) + WhiteKernel(0.1, (1e-3, 1.0))
        process = GaussianProcessRegressor(kernel, alpha=variance, normalize_y=True)
        with warnings.catch_warnings():  # a variance at the end of its range is no fault
            warnings.simplefilter("ignore", ConvergenceWarning)
            return process.fit(sample.features, z).kernel_


def _scaled(scale: Scale, sample: Sample) -> tuple[Floats, Floats]:
    """Errors on the scale, and the variance that each has beyond the common noise."""
    z = scale.to(sample.errors)
    beyond = (sample.spreads * scale.slope(sample.errors)) ** 2
    return z, beyond / max(float(z.var()), 1e-12) + 1e-8
