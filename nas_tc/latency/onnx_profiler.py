"""Times each layer of a network that onnxruntime runs, by onnxruntime's own clock of nodes.

Nodes carry the names of their layers, also after onnxruntime has fused them. What it adds (changes
of the memory layout, quantisation) belongs to the layer before it.

To time a node takes a microsecond or two itself, as much as a small layer. The nodes' sum is
longer than a run without the clock by that, so the difference is taken from all nodes alike.
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from nas_tc.architecture import Architecture, Node
from nas_tc.latency.layer_profile import LEAST_MS, LayerProfile
from nas_tc.latency.layer_signature import layers_of, nodes_of, signatures_of
from nas_tc.latency.timed_rounds import timed_rounds
from nas_tc.onnx_graph import INPUT, OUTPUT, new_session
from nas_tc.timing.baseline_speed import ReferenceSpeed
from nas_tc.timing.clock import LOW_QUARTILE
from nas_tc.timing.estimate import quantile_of
from nas_tc.timing.onnx_work import fresh_model
from nas_tc.timing.setting import Setting

_WARM_UPS = 3
_WARM_UP_MS = 1.0  # of runs that do not count, after those of the other session; one at least
_LEAST_RUN_MS = 0.02  # that a run counts as, whatever a coarse clock reads
_LEAST_SHARE = 0.1  # of a node's time is its own, however long the clock takes


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

        def others() -> None:
            for _ in range(2):
                watched.run([OUTPUT], feed)
            warm_up_ms = 0.0
            while warm_up_ms < _WARM_UP_MS:  # the other's weights and code leave the caches
                warm_up_ms += max(whole_ms(), _LEAST_RUN_MS)

        wholes, slowdown = timed_rounds(
            others,
            whole_ms,
            least_s=least_s,
            fewest=fewest,
            quantile=LOW_QUARTILE,
            reference_speed=reference_speed,
        )
        events = json.loads(Path(watched.end_profiling()).read_text(encoding="utf-8"))
    by_node = node_times(events, len(wholes))
    whole = max(quantile_of(wholes, LOW_QUARTILE), LEAST_MS)
    times = [ms / slowdown for ms in layers_ms(by_node, nodes_of(architecture), whole)]
    layers = tuple(zip(signatures_of(architecture), times, strict=True))
    return LayerProfile(whole / slowdown, layers)


def layers_ms(
    node_times: Sequence[tuple[str, float]], nodes: tuple[Node, ...], whole_ms: float
) -> list[float]:
    """Milliseconds of each layer, from those of onnxruntime's nodes, without its clock's own time.

    Args:
        node_times: Name and milliseconds of each node, from `on_board.node_times`.
        nodes: Nodes of the network.
        whole_ms: Milliseconds of a run without the clock of nodes.
    """
    numbers = {each.name: number for number, node in enumerate(nodes) for each in layers_of(node)}
    found = [0.0] * len(nodes)
    layer = 0
    clock_ms = max(sum(ms for _, ms in node_times) - whole_ms, 0.0) / (len(node_times) or 1)
    for name, ms in node_times:
        layer = numbers.get(name.split("/")[0], layer)
        found[layer] += max(ms - clock_ms, _LEAST_SHARE * ms)
    return [max(ms, LEAST_MS) for ms in found]
