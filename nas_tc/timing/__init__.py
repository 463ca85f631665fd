"""What does a network cost by the clock? A stopwatch, figures with intervals, verdicts."""

from nas_tc._heap import keep_memory
from nas_tc.timing.baseline_speed import BASELINES, Beside, Pace, weights
from nas_tc.timing.clock import LOW_QUARTILE, MEDIAN, Run, one_thread
from nas_tc.timing.estimate import Estimate, Verdict, estimate, quantile_of
from nas_tc.timing.limits import TimeLimit, time_limits
from nas_tc.timing.machine import timing_machine
from nas_tc.timing.node_lock import NodeLock
from nas_tc.timing.rebuilds import (
    BUILDS,
    MOST_S,
    BuildTimes,
    Built,
    Make,
    decide_builds,
    time_builds,
)
from nas_tc.timing.reference_speed import find_reference_speed, kept_reference_speed, pace_file
from nas_tc.timing.setting import DTYPES, Setting
from nas_tc.timing.stopwatch import REPEATS, Stopwatch, stopwatch
from nas_tc.timing.work import forward_pass, training_step, work_of

__all__ = [
    "BASELINES",
    "BUILDS",
    "DTYPES",
    "LOW_QUARTILE",
    "MEDIAN",
    "MOST_S",
    "REPEATS",
    "Beside",
    "BuildTimes",
    "Built",
    "Estimate",
    "Make",
    "NodeLock",
    "Pace",
    "Run",
    "Setting",
    "Stopwatch",
    "TimeLimit",
    "Verdict",
    "decide_builds",
    "estimate",
    "find_reference_speed",
    "forward_pass",
    "keep_memory",
    "kept_reference_speed",
    "one_thread",
    "pace_file",
    "quantile_of",
    "stopwatch",
    "time_builds",
    "time_limits",
    "timing_machine",
    "training_step",
    "weights",
    "work_of",
]
