"""A time that was not measured, with its interval."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prediction:
    """A time that was not measured.

    Attributes:
        ms: Predicted time, milliseconds: the sum of the layers' times, the update of a training
            step on a GPU, and the network's overhead.
        low_ms: Lower end of the prediction's interval, milliseconds; 0 if `error_range` is not
            known.
        high_ms: Upper end, milliseconds; infinite if `error_range` is not known.
        guessed: Number of layers that were never timed; the most similar ones give their time.
        layers: Number of all layers.
    """

    ms: float
    low_ms: float
    high_ms: float
    guessed: int
    layers: int
