"""What runs in a worker of a search: it times, builds and trains one network at a time.

This is a package of its own, so that a worker's process loads torch and no more: with Optuna,
scikit-learn and pandas it would take two seconds longer to begin.
"""

from nas_tc.worker.timing_request import (
    FrontTimingRequest,
    FrontTimingResult,
    JudgedTime,
    LayersRequest,
    TimingRequest,
    TimingResult,
)
from nas_tc.worker.worker import TrainingResult, Worker, training_seed

__all__ = [
    "FrontTimingRequest",
    "FrontTimingResult",
    "JudgedTime",
    "LayersRequest",
    "TimingRequest",
    "TimingResult",
    "TrainingResult",
    "Worker",
    "training_seed",
]
