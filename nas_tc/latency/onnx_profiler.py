"""Times each layer of a network that onnxruntime runs, by onnxruntime's own clock of nodes.

Nodes carry the names of their layers, also after onnxruntime has fused them. What it adds (changes
of the memory layout, quantisation) belongs to the layer before it.
"""

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from nas_tc.architecture import Architecture, Join, Node
from nas_tc.latency.layer_profile import LEAST_MS, LayerProfile
from nas_tc.latency.layer_signature import nodes_of, signatures_of
from nas_tc.onnx_graph import INPUT, OUTPUT
from nas_tc.timing.baseline_speed import BaselineSpeed, ReferenceSpeed
from nas_tc.timing.clock import LOW_QUARTILE
from nas_tc.timing.estimate import quantile_of
from nas_tc.timing.onnx_work import onnx_session
from nas_tc.timing.setting import Setting

_WARM_UPS = 3
_MOST = 200


def profile_onnx_layers(
    architecture: Architecture,
    setting: Setting,
    *,
    least_s: float,
    fewest: int,
    reference_speed: ReferenceSpeed | None = None,
) -> LayerProfile:
    """Times a network and its layers by onnxruntime, in interleaved runs of two sessions.

    Args:
        architecture: Network, which gets fresh weights.
        setting: Batch and type of numbers.
        least_s: Seconds of runs, but `fewest` to 200 runs.
        fewest: Runs at least, however long they take.
        reference_speed: Speed that times are corrected to; None: times are what the clock read.

    Raises:
        ArchitectureError: A map shrinks to nothing.
        DeviceError: onnxruntime is not installed.
    """
    plain, images = onnx_session(architecture, batch=setting.batch, dtype=setting.dtype)
    feed = {INPUT: images}
    with TemporaryDirectory() as folder:
        watched, _ = onnx_session(
            architecture, batch=setting.batch, dtype=setting.dtype, profile=Path(folder) / "times"
        )

        def whole_ms() -> float:
            before = time.thread_time_ns()
            plain.run([OUTPUT], feed)
            return (time.thread_time_ns() - before) / 1e6

        for _ in range(_WARM_UPS):
            plain.run([OUTPUT], feed)
        baseline = None
        if reference_speed is not None:
            baseline = BaselineSpeed(reference_speed, [whole_ms()])
        wholes: list[float] = []
        started = time.monotonic()
        while len(wholes) < fewest or (
            len(wholes) < _MOST and time.monotonic() - started < least_s
        ):
            watched.run([OUTPUT], feed)
            wholes.append(whole_ms())
            if baseline is not None:
                baseline.update([2 * wholes[-1]])
        events = json.loads(Path(watched.end_profiling()).read_text(encoding="utf-8"))
    slowdown = 1.0
    if baseline is not None:
        baseline.sample()
        slowdown = baseline.slowdown(quantile_of(wholes, LOW_QUARTILE))
    nodes = nodes_of(architecture)
    layers_ms = _layers_ms(events, nodes, runs=len(wholes))
    times = [max(ms, LEAST_MS) / slowdown for ms in layers_ms]
    whole = max(quantile_of(wholes, LOW_QUARTILE), LEAST_MS) / slowdown
    return LayerProfile(whole, tuple(zip(signatures_of(architecture), times, strict=True)))


def _layers_ms(events: list[dict[str, Any]], nodes: tuple[Node, ...], runs: int) -> list[float]:
    """Milliseconds of each layer: of each node's times over the runs the lower quartile's mean.

    onnxruntime's clock ticks in microseconds, so the mean of the quicker half of a node's times
    says more than one of them.

    Args:
        events: The file that onnxruntime wrote.
        nodes: Nodes of the network.
        runs: Number of runs.
    """
    numbers = _numbers(nodes)
    found = [0.0] * len(nodes)
    kernels = [
        each
        for each in events
        if each.get("cat") == "Node" and each["name"].endswith("_kernel_time")
    ]
    width, rest = divmod(len(kernels), runs)  # nodes of a run, which are always the same
    assert not rest, f"{len(kernels)} times of nodes in {runs} runs"
    durations = np.array([each["dur"] for each in kernels], dtype=float).reshape(runs, width)
    quicker = np.sort(durations, axis=0)[: max(1, runs // 2)].mean(axis=0) / 1e3
    layer = 0
    for kernel, ms in zip(kernels[:width], quicker.tolist(), strict=True):
        layer = numbers.get(kernel["name"].split("/")[0], layer)
        found[layer] += ms
    return found


def _numbers(nodes: tuple[Node, ...]) -> dict[str, int]:
    """The node that each layer is a part of."""
    found: dict[str, int] = {}

    def add(node: Node, number: int) -> None:
        if isinstance(node, Join):
            found[node.layer.name] = number
            for branch in node.branches:
                for each in branch:
                    add(each, number)
        else:
            found[node.name] = number

    for number, node in enumerate(nodes):
        add(node, number)
    return found
