"""The covariance of the surrogate's Gaussian process.

It is that of a linear model plus a smooth deviation from it (Matérn 5/2, length grown with the
number of parameters) plus noise; the three variances are those of the greatest marginal likelihood,
which scikit-learn finds. A proposal needs the covariances of a thousand candidates, so they are
computed here: one matrix product gives both parts.
"""

import warnings
from dataclasses import dataclass
from math import sqrt
from typing import Any, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Matern, WhiteKernel

from nas_tc.sampler.distributions import Floats


@dataclass(frozen=True)
class Kernel:
    """The covariance of two errors as a function of their features, without noise.

    Attributes:
        linear: Variance of the linear model.
        smooth: Variance of the deviation from it.
        length: Distance of features over which the deviation changes.
        noise: Variance of the noise.
    """

    linear: float
    smooth: float
    length: float
    noise: float

    @classmethod
    def likeliest(cls, features: Floats, errors: Floats, spread: Floats, length: float) -> Self:
        """The covariance whose variances make a sample most likely.

        Args:
            features: Features of the observations, shape (observations, features).
            errors: Their errors, shape (observations,).
            spread: Variance that each has beyond the common noise.
            length: Distance of features over which the deviation changes.
        """
        kernel = (
            ConstantKernel(1.0, (1e-3, 1e2)) * DotProduct(1.0, "fixed")
            + ConstantKernel(0.3, (1e-3, 1e2)) * Matern(length, "fixed", nu=2.5)
        ) + WhiteKernel(0.1, (1e-3, 1.0))
        process = GaussianProcessRegressor(kernel, alpha=spread, normalize_y=True)
        with warnings.catch_warnings():  # a variance at the end of its range is no fault
            warnings.simplefilter("ignore", ConvergenceWarning)
            found: Any = process.fit(features, errors).kernel_
        linear, smooth = (float(each.k1.constant_value) for each in (found.k1.k1, found.k1.k2))
        return cls(linear, smooth, length, float(found.k2.noise_level))

    def of(self, some: Floats, others: Floats) -> Floats:
        """Covariances, shape (some, others)."""
        products: Floats = some @ others.T  # which tell the distances, too
        unit = sqrt(5) / self.length
        apart: Floats = (some**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * products
        apart = np.sqrt(np.maximum(apart, 0, out=apart), out=apart)
        apart *= unit
        found: Floats = apart * apart
        found /= 3
        found += apart
        found += 1
        found *= np.exp(np.negative(apart, out=apart), out=apart)
        found *= self.smooth
        products += 1
        products *= self.linear
        found += products
        return found

    def variance(self, features: Floats) -> Floats:
        """Variance of the noiseless error at each point."""
        found: Floats = self.linear * (1 + (features**2).sum(axis=1)) + self.smooth
        return found
