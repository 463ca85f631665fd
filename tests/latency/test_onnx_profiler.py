"""Layers' times by onnxruntime's own clock of nodes."""

import pytest
import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.latency import signatures_of
from nas_tc.latency.layer_profiler import profile_layers
from nas_tc.latency.layer_signature import nodes_of
from nas_tc.latency.onnx_profiler import layers_ms
from nas_tc.timing import Setting

NETWORK = Architecture((3, 16, 16), parse_notation("(3,8) | 2/2 | basic(3,16)/2"), GAP, 5)


def kernels(*pairs):
    return [
        {"cat": "Node", "name": f"{name}_kernel_time", "dur": microseconds}
        for name, microseconds in pairs
    ]


RUN = [
    ("normalize/Sub", 3),
    ("ReorderInput", 2),
    ("conv1.1/Relu_nchwc", 10),
    ("pool1/MaxPool_nchwc", 4),
    ("conv2.1.1/Relu_nchwc", 20),
    ("conv2.1.shortcut/Conv_nchwc", 5),
    ("conv2.1.2/Conv_token_3", 30),
    ("conv2.1.add/Add", 1),
    ("pool/GlobalAveragePool", 2),
    ("ReorderOutput_token_2", 1),
    ("fc1/Gemm", 6),
]


def test_nodes_are_added_up_by_layer_without_the_runs_that_warm_the_caches():
    on_board = pytest.importorskip("nas_tc.latency.on_board", exc_type=ImportError)
    slower = [(name, 3 * microseconds) for name, microseconds in RUN]
    quicker = [(name, microseconds / 3) for name, microseconds in RUN]
    other = {"cat": "Session", "name": "model_run", "dur": 99}
    warming, counted, late = kernels(*quicker), kernels(*RUN), kernels(*slower)
    events = [other, *warming, *counted, other, *warming, *late]
    found = layers_ms(on_board.node_times(events, 2), nodes_of(NETWORK), 0.084)
    assert found == pytest.approx([0.015, 0.004, 0.056, 0.003, 0.006])


def test_the_time_of_the_clock_is_taken_from_all_nodes_alike_but_never_all_of_a_node():
    pairs = [(name, microseconds / 1000) for name, microseconds in RUN]
    found = layers_ms(pairs, nodes_of(NETWORK), 0.084 - 0.011)
    assert found == pytest.approx([0.012, 0.003, 0.0521, 0.0011, 0.005])


@pytest.mark.parametrize("dtype", ["fp32", "int8"])
def test_every_layer_has_a_time(dtype):
    pytest.importorskip("onnxruntime")
    setting = Setting(dtype=dtype, runtime="onnxruntime")
    found = profile_layers(NETWORK, setting, torch.device("cpu"), least_s=0.0, fewest=4)
    assert [signature for signature, _ in found.layers] == signatures_of(NETWORK)
    assert all(ms > 1e-4 for _, ms in found.layers)
    assert found.update_ms is None
