"""Expected errors of candidates, from noisy errors of others: a Gaussian process.

The covariance is that of a linear model plus a smooth deviation from it (Matérn 5/2, length grown
with the number of parameters) plus noise; the three variances are those of the greatest marginal
likelihood. benchmarks/search_quality.py and docs/search.md say what it was chosen against.
"""

import warnings
from dataclasses import dataclass, field
from math import log
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Matern, WhiteKernel

from nas_tc.search.domain import Floats

_MOST = 400  # observations that a model is fitted to
_FOR_VARIANCES = 150  # those that its variances are chosen on
_GROWTH = 1.2  # of what is known, before they are chosen anew


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


@dataclass
class Surrogate:
    """A model of the error; `fit` it before anything is asked.

    Args:
        parameters: how many the features speak of.
    """

    parameters: int
    scale: Scale = field(init=False)
    _process: Any = field(init=False, default=None)
    _kernels: dict[int, Any] = field(init=False, default_factory=dict)
    _noise: float = field(init=False, default=0.0)

    def fit(self, features: Floats, errors: Floats, spreads: Floats) -> "Surrogate":
        """Takes observations, in the order in which they were made.

        Args:
            features: shape (observations, features).
            errors: shape (observations,).
            spreads: standard deviation that an observation has beyond the common noise.
        """
        kernel = self._kernel(features, errors, spreads)
        kept = _kept(errors)
        features, errors, spreads = features[kept], errors[kept], spreads[kept]
        self.scale = Scale.of(errors)
        z, variance = _scaled(self.scale, errors, spreads)
        self._noise = kernel.k2.noise_level
        self._process = GaussianProcessRegressor(
            kernel, alpha=variance, optimizer=None, normalize_y=True
        ).fit(features, z)
        return self

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Means and standard deviations of the noiseless error, on the scale."""
        mean, deviation = self._process.predict(features, return_std=True)
        unit = float(self._process._y_train_std)
        return mean, np.sqrt(np.maximum(deviation**2 - self._noise * unit**2, 1e-12))

    def noise(self) -> float:
        """Standard deviation of one observation, as an error at the median."""
        return float(np.sqrt(self._noise) * self._process._y_train_std * self.scale.unit)

    def _kernel(self, features: Floats, errors: Floats, spreads: Floats) -> Any:
        """The covariance; its variances are chosen anew when a fifth more is known.

        They hang on the first so many observations alone, so that a search that is resumed has the
        same ones.
        """
        milestone = int(log(len(errors)) / log(_GROWTH) + 1e-9)
        if milestone not in self._kernels:
            known = min(len(errors), round(_GROWTH**milestone))
            some = np.linspace(0, known - 1, min(known, _FOR_VARIANCES)).astype(int)
            z, variance = _scaled(Scale.of(errors[some]), errors[some], spreads[some])
            process = GaussianProcessRegressor(self._unfitted(), alpha=variance, normalize_y=True)
            with warnings.catch_warnings():  # a variance at the end of its range is no fault
                warnings.simplefilter("ignore", ConvergenceWarning)
                self._kernels[milestone] = process.fit(features[some], z).kernel_
        return self._kernels[milestone]

    def _unfitted(self) -> Any:
        length = 0.5 * float(np.sqrt(self.parameters))
        return (
            ConstantKernel(1.0, (1e-3, 1e2)) * DotProduct(1.0, "fixed")
            + ConstantKernel(0.3, (1e-3, 1e2)) * Matern(length, "fixed", nu=2.5)
        ) + WhiteKernel(0.1, (1e-3, 1.0))


def _scaled(scale: Scale, errors: Floats, spreads: Floats) -> tuple[Floats, Floats]:
    """Errors on the scale, and the variance that each has beyond the common noise."""
    z = scale.to(errors)
    return z, (spreads * scale.slope(errors)) ** 2 / max(float(z.var()), 1e-12) + 1e-8


def _kept(errors: Floats) -> Any:
    """Which observations a model is fitted to: the best, and some of the rest."""
    if len(errors) <= _MOST:
        return np.arange(len(errors))
    order = np.argsort(errors, kind="stable")
    rest = order[_MOST // 2 :]
    some = rest[np.linspace(0, len(rest) - 1, _MOST - _MOST // 2).astype(int)]
    return np.sort(np.concatenate([order[: _MOST // 2], some]))
