"""The covariance of the surrogate's Gaussian process.

It is that of a linear model plus a smooth deviation from it (Matérn 5/2, length grown with the
number of parameters) plus noise; the three variances are those of the greatest marginal
likelihood. scikit-learn's Gaussian process finds the same ones, but computes all distances anew for
each variance that it tries, and to load it takes 100 MB.
"""

from dataclasses import dataclass
from math import log, pi, sqrt
from typing import Self

import numpy as np
from scipy.linalg import LinAlgError, cho_solve, cholesky
from scipy.optimize import minimize
from scipy.spatial.distance import pdist, squareform

from nas_tc.sampler.distributions import Floats

_FIRST = np.log([1.0, 0.3, 0.1])  # logarithms of the variances that are tried first
_ROWS = 64  # of a matrix that are worked on at once, so that they stay in the cache
_RANGES = np.log([(1e-3, 1e2), (1e-3, 1e2), (1e-3, 1.0)])


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
        unit = float(errors.std()) or 1.0
        apart = squareform(pdist(features / length)) * sqrt(5)
        parts = [
            np.inner(features, features) + 1,
            (1 + apart + apart**2 / 3) * np.exp(-apart),
            np.eye(len(errors)),
        ]
        target = (errors - errors.mean()) / unit

        def objective(logarithms: Floats) -> tuple[float, Floats]:
            value, slopes = _likelihood(np.exp(logarithms), parts, target, spread)
            return -value, -slopes

        found = minimize(objective, _FIRST, method="L-BFGS-B", jac=True, bounds=_RANGES)
        linear, smooth, noise = np.exp(found.x).tolist()
        return cls(linear, smooth, length, noise)

    def of(self, some: Floats, others: Floats) -> Floats:
        """Covariances, shape (some, others)."""
        found: Floats = some @ others.T
        squares, other_squares = (some**2).sum(axis=1)[:, None], (others**2).sum(axis=1)
        for start in range(0, len(some), _ROWS):
            here = slice(start, start + _ROWS)
            self._from_products(found[here], squares[here], other_squares)
        return found

    def _from_products(self, products: Floats, squares: Floats, other_squares: Floats) -> None:
        """Makes covariances of inner products, in their place.

        Args:
            products: Inner products of the features, which tell the distances, too.
            squares: Inner products of the rows' features with themselves, shape (rows, 1).
            other_squares: Those of the columns' features, shape (columns,).
        """
        unit = sqrt(5) / self.length
        apart: Floats = squares + other_squares - 2 * products
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
        products += found

    def variance(self, features: Floats) -> Floats:
        """Variance of the noiseless error at each point."""
        found: Floats = self.linear * (1 + (features**2).sum(axis=1)) + self.smooth
        return found


def _likelihood(
    variances: Floats, parts: list[Floats], target: Floats, spread: Floats
) -> tuple[float, Floats]:
    """The logarithm of the marginal likelihood, and its slopes in the logarithms of the variances.

    Rasmussen & Williams, "Gaussian processes for machine learning" (2006), algorithm 2.1 and
    equation 5.9.

    Args:
        variances: Variance of each part of the covariance.
        parts: Covariance of each part at a variance of 1, shape (observations, observations).
        target: Observations, of mean 0.
        spread: Variance that each has beyond the parts.
    """
    scaled = [variance * part for variance, part in zip(variances, parts, strict=True)]
    covariance = scaled[0] + scaled[1] + scaled[2]
    covariance[np.diag_indices_from(covariance)] += spread
    try:
        factor = cholesky(covariance, lower=True, overwrite_a=True, check_finite=False)
    except LinAlgError:
        return -np.inf, np.zeros_like(variances)
    weights = cho_solve((factor, True), target, check_finite=False)
    value = -0.5 * float(target @ weights) - float(np.log(np.diag(factor)).sum())
    value -= len(target) / 2 * log(2 * pi)
    inverse = cho_solve((factor, True), np.eye(len(target)), check_finite=False)
    inner = np.outer(weights, weights) - inverse
    slopes = np.array([0.5 * np.einsum("ij,ji", inner, part) for part in scaled])
    return value, slopes
