"""Guesses the time of a layer that was never timed from the most similar ones that were."""

from collections import defaultdict
from collections.abc import Iterable
from math import exp

import numpy as np

from nas_tc.timing.units import Unit

_NEIGHBOURS = 6
_CLOSE = 0.05  # squared distance below which neighbours count alike


class Nearby:
    """Layers of one kind, placed by the logarithms of what they compute, move and weigh.

    A neighbour says: as long as I take, times the ratio of our work to a power that the kind's own
    layers tell. The guess is the mean of what the six nearest say, in logarithms, the nearest
    counting most.
    """

    def __init__(self, timed: Iterable[tuple[Unit, float]]) -> None:
        by_kind: dict[str, list[tuple[Unit, float]]] = defaultdict(list)
        for unit, ms in timed:
            by_kind[unit.kind].append((unit, ms))
        self._kinds = {kind: _Kind(each) for kind, each in by_kind.items()}

    def guess(self, unit: Unit) -> float | None:
        """Milliseconds; None if no layer of its kind was timed."""
        kind = self._kinds.get(unit.kind)
        return None if kind is None else kind.guess(unit)


class _Kind:
    def __init__(self, timed: list[tuple[Unit, float]]) -> None:
        self._places = np.array([_place(unit) for unit, _ in timed])
        self._log_ms = np.log([max(ms, 1e-6) for _, ms in timed])
        self._slopes = self._fitted_slopes()

    def guess(self, unit: Unit) -> float:
        steps = np.array(_place(unit)) - self._places
        squares = (steps**2).sum(axis=1)
        nearest = np.argsort(squares, kind="stable")[:_NEIGHBOURS]
        said = self._log_ms[nearest] + steps[nearest] @ self._slopes
        return exp(float(np.average(said, weights=1 / (squares[nearest] + _CLOSE))))

    def _fitted_slopes(self) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        """How the time grows with each coordinate, by least squares, held to sane ones."""
        centred = self._places - self._places.mean(axis=0)
        # A little ridge towards growth with the work alone, for kinds with few layers.
        towards = np.array([0.7, 0.2, 0.1])
        gram = centred.T @ centred + 0.5 * np.eye(3)
        wanted = centred.T @ (self._log_ms - self._log_ms.mean()) + 0.5 * towards
        return np.clip(np.linalg.solve(gram, wanted), -0.2, 1.2)


def _place(unit: Unit) -> tuple[float, float, float]:
    found = np.log([unit.macs + 1, unit.values + 1, unit.params + 1])
    return float(found[0]), float(found[1]), float(found[2])
