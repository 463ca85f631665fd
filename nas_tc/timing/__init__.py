"""What does a network cost by the clock? A stopwatch, figures with intervals, verdicts."""

from nas_tc.timing.estimate import Estimate, Verdict, estimate, lowest
from nas_tc.timing.machine import timing_machine
from nas_tc.timing.stopwatch import Stopwatch, one_thread, stopwatch
from nas_tc.timing.work import DTYPES, forward_pass, training_step

__all__ = [
    "DTYPES",
    "Estimate",
    "Stopwatch",
    "Verdict",
    "estimate",
    "forward_pass",
    "lowest",
    "one_thread",
    "stopwatch",
    "timing_machine",
    "training_step",
]
