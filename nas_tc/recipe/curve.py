"""The learning curve of a training, as values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One epoch of the learning curve."""

    epoch: int
    train_loss: float
    val_error: float  # 0 to 1
    train_s: float  # seconds of training so far, validation not counted
