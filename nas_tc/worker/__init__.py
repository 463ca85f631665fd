"""What runs inside a worker of a search: it times, builds and trains one network at a time.

A package of its own, so that a worker's process loads torch and no more: Optuna, scikit-learn and
pandas would take it two seconds longer to begin.
"""

from nas_tc.worker.timing_request import (
    Figure,
    FrontTimingRequest,
    FrontTimingResult,
    TimingRequest,
    TimingResult,
)
from nas_tc.worker.worker import Report, Worker, training_seed

__all__ = [
    "Figure",
    "FrontTimingRequest",
    "FrontTimingResult",
    "Report",
    "TimingRequest",
    "TimingResult",
    "Worker",
    "training_seed",
]
