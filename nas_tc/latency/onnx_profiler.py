"""Times each layer of a network that onnxruntime runs, by onnxruntime's own clock of nodes.

Nodes carry the names of their layers, also after onnxruntime has fused them. What it adds (changes
of the memory layout, quantisation) belongs to the layer before it.
"""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from nas_tc.architecture import Architecture, Node
from nas_tc.latency.layer_profile import LEAST_MS, LayerProfile
from nas_tc.latency.layer_signature import layers_of, nodes_of, signatures_of
from nas_tc.onnx_graph import INPUT, OUTPUT, new_session
from nas_tc.timing.baseline_speed import BaselineSpeed, ReferenceSpeed
from nas_tc.timing.clock import LOW_QUARTILE
from nas_tc.timing.estimate import quantile_of
from nas_tc.timing.onnx_work import fresh_model
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
    from nas_tc.latency.on_board import node_times  # noqa: PLC0415 - it loads onnxruntime

    model, images = fresh_model(architecture, batch=setting.batch, dtype=setting.dtype)
    plain, feed = new_session(model), {INPUT: images}
    with TemporaryDirectory() as folder:
        watched = new_session(model, profile=Path(folder) / "times")

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
    by_node = node_times(events, len(wholes))
    times = [ms / slowdown for ms in layers_ms(by_node, nodes_of(architecture))]
    whole = max(quantile_of(wholes, LOW_QUARTILE), LEAST_MS) / slowdown
    return LayerProfile(whole, tuple(zip(signatures_of(architecture), times, strict=True)))


def layers_ms(node_times: Iterable[tuple[str, float]], nodes: tuple[Node, ...]) -> list[float]:
    """Milliseconds of each layer, from those of onnxruntime's nodes.

    Args:
        node_times: Name and milliseconds of each node, from `on_board.node_times`.
        nodes: Nodes of the network.
    """
    numbers = {each.name: number for number, node in enumerate(nodes) for each in layers_of(node)}
    found = [0.0] * len(nodes)
    layer = 0
    for name, ms in node_times:
        layer = numbers.get(name.split("/")[0], layer)
        found[layer] += ms
    return [max(ms, LEAST_MS) for ms in found]
