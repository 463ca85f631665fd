"""The learning curve of a training."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One epoch of the learning curve."""

    epoch: int  # from 1
    train_loss: float  # mean over the steps of the epoch
    val_error: float  # 0 to 1
    train_s: float  # seconds of training so far, validation not counted
