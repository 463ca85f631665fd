"""Guesses the time of a layer that was never timed from the most similar ones that were."""

from collections import defaultdict
from collections.abc import Iterable
from math import exp, log

import numpy as np

from nas_tc.latency.layer_signature import LayerSignature

_NEIGHBOURS = 6
_CLOSE = 0.05  # squared distance below which neighbours count alike
_FAR = 3.0**2  # and beyond which nothing is guessed: a factor of 20, where half err by 50 %


class Nearby:
    """Layers of one kind, placed by the logarithms of what they compute, move and weigh.

    A neighbour says: as long as I take, times the ratio of our work to a power that the kind's own
    layers tell. The guess is the mean of what the six nearest say, in logarithms, the nearest
    counting most.
    """

    def __init__(self, timed: Iterable[tuple[LayerSignature, float]]) -> None:
        self._timed: dict[str, list[tuple[LayerSignature, float]]] = defaultdict(list)
        for unit, ms in timed:
            self._timed[unit.kind].append((unit, ms))
        self._kinds: dict[str, _Kind] = {}  # those that were asked for

    def guess(self, unit: LayerSignature) -> float | None:
        """Milliseconds; None if no layer of its kind and of about its size was timed."""
        kind = self._kinds.get(unit.kind)
        if kind is None:
            if unit.kind not in self._timed:
                return None
            kind = self._kinds[unit.kind] = _Kind(self._timed[unit.kind])
        return kind.guess(unit)


class _Kind:
    def __init__(self, timed: list[tuple[LayerSignature, float]]) -> None:
        self._places = np.array([_place(unit) for unit, _ in timed])
        self._log_ms = np.log([max(ms, 1e-6) for _, ms in timed])
        slopes = self._fitted_slopes()
        self._slopes: list[float] = slopes.tolist()
        self._rests = self._log_ms - self._places @ slopes  # what the slopes do not explain
        self._doubled = 2 * self._places
        self._squares = np.einsum("ij,ij->i", self._places, self._places)

    def guess(self, unit: LayerSignature) -> float | None:
        # A search asks for many of these, so arrays are handled as few times as can be.
        place = _place(unit)
        # Squared distances less that of the place itself from the origin, which is added below.
        squares = self._squares - self._doubled.dot(np.array(place))
        if len(squares) > _NEIGHBOURS:
            nearest = squares.argpartition(_NEIGHBOURS - 1)[:_NEIGHBOURS]
            squares, rests = squares[nearest], self._rests[nearest]
        else:
            rests = self._rests
        total = weights = 0.0
        own = sum(coordinate * coordinate for coordinate in place)
        found: list[float] = squares.tolist()
        if min(found) + own > _FAR:
            return None
        for square, rest in zip(found, rests.tolist(), strict=True):
            weight = 1 / (max(square + own, 0.0) + _CLOSE)
            total += weight * rest
            weights += weight
        said = total / weights
        for slope, coordinate in zip(self._slopes, place, strict=True):
            said += slope * coordinate
        return exp(said)

    def _fitted_slopes(self) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        """How the time grows with each coordinate, by least squares, held to sane ones."""
        centred = self._places - self._places.mean(axis=0)
        # A little ridge towards growth with the work alone, for kinds with few layers.
        towards = np.array([0.7, 0.2, 0.1])
        gram = centred.T @ centred + 0.5 * np.eye(3)
        wanted = centred.T @ (self._log_ms - self._log_ms.mean()) + 0.5 * towards
        return np.clip(np.linalg.solve(gram, wanted), -0.2, 1.2)


def _place(unit: LayerSignature) -> tuple[float, float, float]:
    return log(unit.macs + 1), log(unit.values + 1), log(unit.params + 1)
