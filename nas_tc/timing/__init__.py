"""What does a network take now? A stopwatch, times with intervals, verdicts.

To read in this order: `clock` reads one run, which `cuda_graph` has captured on a GPU, `estimate`
makes a figure with an interval of many, `stopwatch` does both. `interleaved` compares two runs. The
rest refines: `rebuilds` takes out where in memory a network lies, `baseline_speed` and
`reference_speed` how fast the machine is at the moment, and `node_lock` keeps training away while
the clock is read.
"""

from nas_tc._heap import keep_memory
from nas_tc.timing.baseline_speed import BASELINES, BaselineSpeed, ReferenceSpeed, baseline_weights
from nas_tc.timing.clock import LOW_QUARTILE, MEDIAN, Run, one_thread
from nas_tc.timing.cuda_graph import GraphRun, captured, launched_alike
from nas_tc.timing.estimate import Estimate, Verdict, estimate, quantile_of
from nas_tc.timing.gpu_record import gpu_uuid
from nas_tc.timing.gpu_turns import GpuTurns
from nas_tc.timing.interleaved import decide_ratio, time_interleaved, time_ratio
from nas_tc.timing.limits import TimeLimit, time_limits
from nas_tc.timing.machine import timing_machine
from nas_tc.timing.node_lock import NodeLock
from nas_tc.timing.rebuilds import (
    REBUILDS,
    REBUILDS_S,
    Builder,
    Rebuild,
    RebuildTimes,
    decide_rebuilds,
    time_rebuilds,
)
from nas_tc.timing.reference_speed import (
    find_reference_speed,
    read_reference_speed,
    reference_speed_file,
)
from nas_tc.timing.setting import (
    DTYPES,
    RUNTIME_DTYPES,
    RUNTIMES,
    Runtime,
    Setting,
    check_setting,
)
from nas_tc.timing.stopwatch import REPEATS, Stopwatch, stopwatch
from nas_tc.timing.work import forward_pass, training_step, work_of

__all__ = [
    "BASELINES",
    "DTYPES",
    "LOW_QUARTILE",
    "MEDIAN",
    "REBUILDS",
    "REBUILDS_S",
    "REPEATS",
    "RUNTIMES",
    "RUNTIME_DTYPES",
    "BaselineSpeed",
    "Builder",
    "Estimate",
    "GpuTurns",
    "GraphRun",
    "NodeLock",
    "Rebuild",
    "RebuildTimes",
    "ReferenceSpeed",
    "Run",
    "Runtime",
    "Setting",
    "Stopwatch",
    "TimeLimit",
    "Verdict",
    "baseline_weights",
    "captured",
    "check_setting",
    "decide_ratio",
    "decide_rebuilds",
    "estimate",
    "find_reference_speed",
    "forward_pass",
    "gpu_uuid",
    "keep_memory",
    "launched_alike",
    "one_thread",
    "quantile_of",
    "read_reference_speed",
    "reference_speed_file",
    "stopwatch",
    "time_interleaved",
    "time_limits",
    "time_ratio",
    "time_rebuilds",
    "timing_machine",
    "training_step",
    "work_of",
]
