"""Guesses the time of a layer on a GPU that was never timed from the nearest layers that were."""

from collections import defaultdict
from collections.abc import Iterable
from math import exp, log

import numpy as np

from nas_tc.latency.layer_signature import LayerSignature

_NEIGHBOURS = 6
_CLOSE = 0.05  # squared distance below which neighbours count alike
_FAR = 3.0**2  # beyond it nothing is guessed: a factor of 20, where half of the guesses err by 50 %


class NearestLayers:
    """Timed layers, placed by the logarithms of their multiply-adds, values and parameters.

    A guess is the weighted mean, in logarithms, of what the six nearest layers of the same kind
    predict, the nearest counting most. Each predicts its own time, times the ratio of the two
    layers' work to a power that is fitted to the layers of the kind.

    Args:
        timed: Signature and milliseconds of each layer that was timed.
    """

    def __init__(self, timed: Iterable[tuple[LayerSignature, float]]) -> None:
        self._timed: dict[str, list[tuple[LayerSignature, float]]] = defaultdict(list)
        for signature, ms in timed:
            self._timed[signature.kind].append((signature, ms))
        self._kinds: dict[str, _Kind] = {}  # fitted when first needed

    def guess(self, signature: LayerSignature) -> float | None:
        """Milliseconds of a layer; None if none of its kind and of about its size was timed."""
        kind = self._kinds.get(signature.kind)
        if kind is None:
            if signature.kind not in self._timed:
                return None
            kind = self._kinds[signature.kind] = _Kind(self._timed[signature.kind])
        return kind.guess(signature)


class _Kind:
    """The timed layers of one kind."""

    def __init__(self, timed: list[tuple[LayerSignature, float]]) -> None:
        self._places = np.array([_place(signature) for signature, _ in timed])
        self._log_ms = np.log([max(ms, 1e-6) for _, ms in timed])
        slopes = self._fitted_slopes()
        self._slopes: list[float] = slopes.tolist()
        self._residuals = self._log_ms - self._places @ slopes
        self._doubled = 2 * self._places
        self._squares = np.einsum("ij,ij->i", self._places, self._places)

    def guess(self, signature: LayerSignature) -> float | None:
        # A search needs many guesses, so arrays are handled as few times as can be.
        place = _place(signature)
        # Squared distances less that of the place itself from the origin, which is added below.
        squares = self._squares - self._doubled.dot(np.array(place))
        if len(squares) > _NEIGHBOURS:
            nearest = squares.argpartition(_NEIGHBOURS - 1)[:_NEIGHBOURS]
            squares, residuals = squares[nearest], self._residuals[nearest]
        else:
            residuals = self._residuals
        total = weights = 0.0
        own = sum(coordinate * coordinate for coordinate in place)
        found: list[float] = squares.tolist()
        if min(found) + own > _FAR:
            return None
        for square, residual in zip(found, residuals.tolist(), strict=True):
            weight = 1 / (max(square + own, 0.0) + _CLOSE)
            total += weight * residual
            weights += weight
        log_ms = total / weights
        for slope, coordinate in zip(self._slopes, place, strict=True):
            log_ms += slope * coordinate
        return exp(log_ms)

    def _fitted_slopes(self) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        """Growth of the time with each coordinate, by least squares within sane bounds."""
        centred = self._places - self._places.mean(axis=0)
        # A little ridge towards growth with the work alone, for kinds with few layers.
        towards = np.array([0.7, 0.2, 0.1])
        gram = centred.T @ centred + 0.5 * np.eye(3)
        wanted = centred.T @ (self._log_ms - self._log_ms.mean()) + 0.5 * towards
        return np.clip(np.linalg.solve(gram, wanted), -0.2, 1.2)


def _place(signature: LayerSignature) -> tuple[float, float, float]:
    return log(signature.macs + 1), log(signature.values + 1), log(signature.params + 1)
