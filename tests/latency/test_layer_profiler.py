"""Layers that are timed in their network."""

from dataclasses import replace
from itertools import count

import pytest
import torch
from layer_profiles import SMALL

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.latency import (
    nodes_of,
    profile_layers,
    signatures_of,
)
from nas_tc.timing import (
    ReferenceSpeed,
    Setting,
    one_thread,
)
from nas_tc.zoo import ZOO

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "setting", [Setting(), Setting("train_step", 2), Setting("train_step", 3, "bf16")]
)
@pytest.mark.parametrize("network", [SMALL, replace(SMALL, norm="none")])
def test_all_layers_are_timed_in_their_network(network, setting):
    with one_thread():
        found = profile_layers(network, setting, CPU, least_s=0)
    assert [signature for signature, _ in found.layers] == signatures_of(network)
    assert all(ms > 0 for _, ms in found.layers)
    assert found.whole_ms > 0


def test_branches_are_timed_in_their_network():
    network = ZOO["resnet18"].architecture.at((3, 32, 32), 10)
    with one_thread():
        found = profile_layers(network, Setting("train_step", 2), CPU, least_s=0)
    assert len(found.layers) == len(nodes_of(network))
    assert all(ms > 0 for _, ms in found.layers)


def test_layers_are_corrected_to_the_reference_speed(monkeypatch):
    small = Architecture((3, 16, 16), parse_notation("(3,4)x2"), GAP, 5)
    # Its baseline networks seem to take twice as long as on the quiet machine, whatever runs.
    quiet_ms = (1.0, 4.0)
    reference_speed = ReferenceSpeed(
        quiet_ms, lambda run: 2.0 * run(), lambda kind: lambda: quiet_ms[kind]
    )
    ticks = count(step=1_000_000)
    monkeypatch.setattr("nas_tc.latency.layer_profiler.time.thread_time_ns", lambda: next(ticks))
    plain = profile_layers(small, Setting(), CPU, least_s=0)
    paced = profile_layers(small, Setting(), CPU, least_s=0, reference_speed=reference_speed)
    assert paced.whole_ms == pytest.approx(plain.whole_ms / 2)
    for (_, ours), (_, theirs) in zip(paced.layers, plain.layers, strict=True):
        assert ours == pytest.approx(theirs / 2)
