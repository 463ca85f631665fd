"""What will a network take? A table of layer times, filled by calibration, and its own error.

To read in this order: `layer_signature` (what a layer is), `layer_profiler` (times the layers of a
network, on a GPU by `prefix_profiler`), `layer_time`, `layer_times` (predicts a network from them,
part by part with `part_times`), `network_overhead`, `update_time` (the optimizer's on a GPU).
Layers that were never timed: `workload`, `time_regression` (time by work), `corrected_regression`
and on a GPU `stepped_layers` with `nearest_layers`. Errors: `prediction_range`, `guess_errors`,
`prediction_error`. `time_table` (the file), `calibration` (fills it).
"""

from nas_tc.latency.calibration import Timed, calibrate, networks_of, time_network, unseen_networks
from nas_tc.latency.device_table import find_table, named_table, own_table_path
from nas_tc.latency.layer_profile import LayerProfile
from nas_tc.latency.layer_profiler import profile_layers
from nas_tc.latency.layer_signature import LayerSignature, nodes_of, signature_of, signatures_of
from nas_tc.latency.layer_time import LayerTime
from nas_tc.latency.layer_times import LayerTimes
from nas_tc.latency.network_overhead import fit_overhead
from nas_tc.latency.predicted_limit import PredictedLimit
from nas_tc.latency.prediction import Prediction
from nas_tc.latency.prediction_error import Agreement, agreement, scaled
from nas_tc.latency.time_regression import TimeRegression, fit_times
from nas_tc.latency.time_table import TimeTable, default_table
from nas_tc.latency.workload import Workload, network_workload

__all__ = [
    "Agreement",
    "LayerProfile",
    "LayerSignature",
    "LayerTime",
    "LayerTimes",
    "PredictedLimit",
    "Prediction",
    "TimeRegression",
    "TimeTable",
    "Timed",
    "Workload",
    "agreement",
    "calibrate",
    "default_table",
    "find_table",
    "fit_overhead",
    "fit_times",
    "named_table",
    "network_workload",
    "networks_of",
    "nodes_of",
    "own_table_path",
    "profile_layers",
    "scaled",
    "signature_of",
    "signatures_of",
    "time_network",
    "unseen_networks",
]
