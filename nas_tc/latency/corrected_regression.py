"""Guesses the time of a layer on a processor by its work, corrected by the nearest timed layers."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from math import exp, log

import numpy as np

from nas_tc.latency.layer_signature import LayerSignature

_NEIGHBOURS = 6
_CLOSE = 0.05  # squared distance below which neighbours count alike
_FAR = 3.0**2  # beyond it no layer is like another: a factor of 20
_DOUBT = 2.0  # weight of no correction at all, where a neighbour at distance 0.7 has about the same

_Place = tuple[float, float, float]


class CorrectedRegression:
    """The regression of times on work, and the errors that it makes for layers that were timed.

    A guess is the regression's time, times the weighted mean of measured / regressed time of the
    six nearest layers of the same kind. Layers are placed by the logarithms of their multiply-adds,
    values and parameters. The farther they are, the less they correct.

    Args:
        timed: Signature and milliseconds of each layer that was timed.
        regressed: Milliseconds of a layer by its work alone.
    """

    def __init__(
        self,
        timed: Iterable[tuple[LayerSignature, float]],
        regressed: Callable[[LayerSignature], float],
    ) -> None:
        self._regressed = regressed
        self._timed: dict[str, list[tuple[LayerSignature, float]]] = defaultdict(list)
        for signature, ms in timed:
            self._timed[signature.kind].append((signature, ms))
        self._kinds: dict[str, _Kind] = {}  # made when first needed

    def guess(self, signature: LayerSignature) -> float | None:
        """Milliseconds of a layer; None if none of its kind and of about its size was timed."""
        kind = self._kinds.get(signature.kind)
        if kind is None:
            timed = self._timed.get(signature.kind)
            if timed is None:
                return None
            errors = [log(max(ms, 1e-6) / self._regressed(each)) for each, ms in timed]
            kind = self._kinds[signature.kind] = _Kind([_place(each) for each, _ in timed], errors)
        correction = kind.correction(_place(signature))
        return None if correction is None else self._regressed(signature) * exp(correction)


class _Kind:
    """The timed layers of one kind."""

    def __init__(self, places: list[_Place], errors: list[float]) -> None:
        found = np.array(places)
        self._errors = np.array(errors)
        self._doubled = 2 * found
        self._squares = np.einsum("ij,ij->i", found, found)

    def correction(self, place: _Place) -> float | None:
        """Mean error near a place, in logarithms; None if no layer is near."""
        # A search needs many guesses, so arrays are handled as few times as can be.
        # Squared distances less that of the place itself from the origin, which is added below.
        squares, errors = self._squares - self._doubled.dot(np.array(place)), self._errors
        if len(squares) > _NEIGHBOURS:
            nearest = squares.argpartition(_NEIGHBOURS - 1)[:_NEIGHBOURS]
            squares, errors = squares[nearest], errors[nearest]
        own = sum(coordinate * coordinate for coordinate in place)
        found: list[float] = squares.tolist()
        if min(found) + own > _FAR:
            return None
        total, weights = 0.0, _DOUBT
        for square, error in zip(found, errors.tolist(), strict=True):
            weight = 1 / (max(square + own, 0.0) + _CLOSE)
            total += weight * error
            weights += weight
        return total / weights


def _place(signature: LayerSignature) -> _Place:
    return log(signature.macs + 1), log(signature.values + 1), log(signature.params + 1)
