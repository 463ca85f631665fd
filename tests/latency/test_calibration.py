"""Calibration: it ends, and it goes on where it was stopped."""

from dataclasses import replace

import torch
from layer_profiles import profile

from nas_tc.latency import (
    LayerTimes,
    calibrate,
    unseen_networks,
)
from nas_tc.space import load_space
from nas_tc.timing import Setting

CPU = torch.device("cpu")


def test_calibration_ends_when_all_layers_are_known(monkeypatch):
    monkeypatch.setattr("nas_tc.latency.calibration.profile_layers", lambda a, *_, **__: profile(a))
    space = load_space("plain-32").at((3, 64, 64), 10)
    few = replace(
        space,
        stages=tuple(
            replace(stage, width=stage.width[:1], last_width=(), filter=(3,), pool=("none",))
            for stage in space.stages
        ),
    )
    times = LayerTimes()
    timed = list(calibrate(times, few, Setting(), CPU, networks=1000))
    assert len(timed) < 200
    assert sum(each.new for each in timed) == len(times.layers)
    assert len(times.checks) > 0
    again = list(calibrate(times, few, Setting(), CPU, networks=1000))
    assert sum(each.new for each in again) < 20  # what thirty draws had missed
    assert all(each.id not in times.networks for each in unseen_networks(times, few, 0))


def test_calibration_can_be_stopped_and_goes_on(monkeypatch):
    monkeypatch.setattr("nas_tc.latency.calibration.profile_layers", lambda a, *_, **__: profile(a))
    space = load_space("plain-32")
    times = LayerTimes()
    first = [each.architecture for each in calibrate(times, space, Setting(), CPU, networks=8)]
    known = len(times.layers)
    second = [each.architecture for each in calibrate(times, space, Setting(), CPU, networks=8)]
    assert len(times.layers) > known
    assert not set(first) & set(second)
