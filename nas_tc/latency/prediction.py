"""A time that was not measured, with its interval."""

from dataclasses import dataclass
from math import inf, sqrt

_QUARTILE = 0.41  # distance of a quartile from the middle, over that of the ends: 0.674 / 1.645


@dataclass(frozen=True, slots=True)
class Prediction:
    """A time that was not measured.

    Attributes:
        ms: Predicted time, milliseconds: the sum of the layers' times, the update of a training
            step on a GPU, and the network's overhead.
        low_ms: Lower end of the interval that holds the time with 90 %, milliseconds; 0 if too few
            networks were timed to know it.
        high_ms: Upper end, milliseconds; infinite if it is not known.
        guessed: Number of layers that were never timed.
        layers: Number of all layers.
        unlike: Number of layers like none that was timed; their work alone gives their time. The
            other guesses are corrected by the most similar layers.
    """

    ms: float
    low_ms: float
    high_ms: float
    guessed: int
    layers: int
    unlike: int = 0

    @property
    def likely_ms(self) -> float:
        """The time that the network exceeds once in four times, milliseconds; maybe infinite."""
        middle_ms = sqrt(self.low_ms * self.high_ms) if self.high_ms < inf else self.ms
        return max(_towards(self.ms, self.high_ms), _towards(middle_ms, self.high_ms))

    @property
    def likely_least_ms(self) -> float:
        """The time that the network falls below once in four times, milliseconds."""
        middle_ms = sqrt(self.low_ms * self.high_ms) if self.high_ms < inf else self.ms
        return min(_towards(self.ms, self.low_ms), _towards(middle_ms, self.low_ms))


def _towards(middle_ms: float, end_ms: float) -> float:
    """The quartile between the middle of a range and its end."""
    return middle_ms * float((end_ms / middle_ms) ** _QUARTILE)
