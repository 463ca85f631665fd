"""What does a network cost by the clock? A stopwatch, figures with intervals, verdicts, a table."""

from nas_tc._heap import keep_memory
from nas_tc.timing.agreement import Agreement, agreement, scaled
from nas_tc.timing.builds import (
    BUILDS,
    MOST_S,
    BuildTimes,
    Built,
    Make,
    decide_builds,
    time_builds,
)
from nas_tc.timing.calibration import Timed, calibrate, networks_of, time_network, unseen_networks
from nas_tc.timing.calm import calm_pace, kept_pace, pace_file
from nas_tc.timing.clock import LOW_QUARTILE, MEDIAN, Run, one_thread
from nas_tc.timing.estimate import Estimate, Verdict, estimate, quantile_of
from nas_tc.timing.foretold import ForetoldTime
from nas_tc.timing.inside import Inside, time_inside
from nas_tc.timing.layer_times import LayerTimes, Prediction, UnitTime, fit_overhead
from nas_tc.timing.limits import TimeLimit, time_limits
from nas_tc.timing.machine import timing_machine
from nas_tc.timing.node import NodeLock
from nas_tc.timing.pace import PACEMAKERS, Beside, Pace, weights
from nas_tc.timing.setting import DTYPES, Setting
from nas_tc.timing.stopwatch import REPEATS, Stopwatch, stopwatch
from nas_tc.timing.table import TimeTable, default_table
from nas_tc.timing.units import Unit, nodes_of, unit_of
from nas_tc.timing.work import forward_pass, training_step, work_of

__all__ = [
    "BUILDS",
    "DTYPES",
    "LOW_QUARTILE",
    "MEDIAN",
    "MOST_S",
    "PACEMAKERS",
    "REPEATS",
    "Agreement",
    "Beside",
    "BuildTimes",
    "Built",
    "Estimate",
    "ForetoldTime",
    "Inside",
    "LayerTimes",
    "Make",
    "NodeLock",
    "Pace",
    "Prediction",
    "Run",
    "Setting",
    "Stopwatch",
    "TimeLimit",
    "TimeTable",
    "Timed",
    "Unit",
    "UnitTime",
    "Verdict",
    "agreement",
    "calibrate",
    "calm_pace",
    "decide_builds",
    "default_table",
    "estimate",
    "fit_overhead",
    "forward_pass",
    "keep_memory",
    "kept_pace",
    "networks_of",
    "nodes_of",
    "one_thread",
    "pace_file",
    "quantile_of",
    "scaled",
    "stopwatch",
    "time_builds",
    "time_inside",
    "time_limits",
    "time_network",
    "timing_machine",
    "training_step",
    "unit_of",
    "unseen_networks",
    "weights",
    "work_of",
]
