"""The errors of layers that were never timed, by guessing layers that were."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from math import exp, hypot, log, sqrt

from nas_tc.latency.layer_signature import LayerSignature
from nas_tc.latency.prediction_range import FEWEST_CHECKS

_COVERED = 0.9  # share of guesses that err by less
_GUESSED = 64  # layers that are guessed from others
_LEAST = 0.05  # error of guesses, in logarithms
_UNKNOWN = 1.0  # the same where hardly any layer can be guessed

Timed = Sequence[tuple[LayerSignature, float]]
Guess = Callable[[LayerSignature], float | None]


class GuessErrors:
    """Errors of guesses, in logarithms, worked out when they are first needed.

    Args:
        timed: Signature and milliseconds of each layer that was timed.
        new_guess: Makes what guesses layers from some of them.
        regressed: Milliseconds of a layer by its work alone.
    """

    def __init__(
        self,
        timed: Timed,
        new_guess: Callable[[Timed], Guess],
        regressed: Callable[[LayerSignature], float],
    ) -> None:
        self._timed = timed
        self._new_guess = new_guess
        self._regressed = regressed

    @cached_property
    def of_guesses(self) -> float:
        """Nine of ten guesses err by less; every other layer is guessed from the rest."""
        rest = self._timed[::2]
        guess, kinds = self._new_guess(rest), {signature.kind for signature, _ in rest}
        asked = [each for each in self._timed[1::2] if each[0].kind in kinds]
        asked = asked[:: max(1, len(asked) // _GUESSED)]
        return _error_of((guess(signature), ms) for signature, ms in asked)

    @cached_property
    def of_unlike(self) -> float:
        """Nine of ten layers err by less if their work alone gives their time."""
        return _error_of((self._regressed(signature), ms) for signature, ms in self._timed)

    def widened(
        self, error_range: tuple[float, float], squares: float, unlike_ms: float, total: float
    ) -> tuple[float, float]:
        """The range of a network's error, wider for the layers that were never timed.

        Guesses err independently of one another; layers like none err alike.

        Args:
            error_range: Range of measured / predicted time of networks that were checked.
            squares: Sum of the squares of the guessed layers' milliseconds.
            unlike_ms: Milliseconds of the layers like none.
            total: Milliseconds of all layers.
        """
        low, high = map(log, error_range)
        of_guesses = self.of_guesses * sqrt(squares) / total if squares else 0.0
        of_unlike = self.of_unlike * unlike_ms / total if unlike_ms else 0.0
        half = hypot((high - low) / 2, of_guesses, of_unlike)
        return exp((low + high) / 2 - half), exp((low + high) / 2 + half)


def _error_of(pairs: Iterable[tuple[float | None, float]]) -> float:
    """The error that nine of ten guesses stay below; without a guess a pair does not count."""
    errors = sorted(abs(log(max(ms, 1e-6) / guess)) for guess, ms in pairs if guess)
    if len(errors) < FEWEST_CHECKS:
        return _UNKNOWN
    return max(errors[int(_COVERED * len(errors))], _LEAST)
