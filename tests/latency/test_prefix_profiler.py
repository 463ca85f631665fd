"""Layers on a simulated GPU, by replays of the first of them: they add up to the network."""

from functools import partial
from math import ceil

import pytest
import torch
from simulated_gpu import META

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.errors import CaptureError
from nas_tc.latency import LayerTimes, nodes_of, profile_layers, signatures_of
from nas_tc.latency.layer_profile import LEAST_MS
from nas_tc.latency.prefix_profiler import differences
from nas_tc.timing import Setting, stopwatch, work_of

FORWARD, STEP = Setting(batch=4), Setting("train_step", 4)
PROFILE = partial(profile_layers, device=META, least_s=0, fewest=1)


def network(notation, pixels=16):
    return Architecture((3, pixels, pixels), parse_notation(notation), GAP, 5)


NETWORKS = [network(each) for each in ("(3,16)/2 | (3,40)", "(3,40)x3", "(5,16) | 2/2 | (3,40)x2")]
UNSEEN = network("(3,40)x5")


def staircase_ms(name, arguments, result):
    """Made-up times: convolutions by tiles of 32 channels, one call for all parameters."""
    if name.startswith("convolution"):
        first = result[0] if isinstance(result, tuple) else result
        channels = 0 if first is None else first.shape[1]
        return 0.4 * ceil(channels / 32)
    if name.startswith("_foreach"):
        return 0.5 + 1e-5 * sum(each.numel() for each in arguments[0])
    return 0.2


@pytest.fixture
def staircase(gpu, monkeypatch):
    """A GPU of such times, which torch's optimizers update in one call as on a real one."""
    monkeypatch.setattr(torch.optim, "SGD", partial(torch.optim.SGD, foreach=True))
    gpu.launch_ms = 1.0
    with gpu.running(staircase_ms):
        yield gpu


def measured_ms(architecture, setting):
    run = work_of(architecture, setting, META)
    return stopwatch(META).time(run, repeats=3, least_s=0).value


@pytest.mark.parametrize("setting", [FORWARD, STEP])
def test_layers_are_timed_in_order(staircase, setting):
    each = NETWORKS[-1]
    found = PROFILE(each, setting)
    assert [signature for signature, _ in found.layers] == signatures_of(each)
    assert all(ms >= 0.2 - 1e-4 for _, ms in found.layers)
    assert (found.update_ms is None) == (setting is FORWARD)
    assert found.whole_ms == pytest.approx(measured_ms(each, setting), rel=1e-6)


@pytest.mark.parametrize(("setting", "gap_ms"), [(FORWARD, 0.0), (STEP, 0.1)])
def test_the_sum_holds_for_networks_that_were_never_timed(staircase, setting, gap_ms):
    staircase.gap_ms = gap_ms
    times = LayerTimes(on_gpu=True)
    for each in NETWORKS:
        times.add(each, PROFILE(each, setting))
    assert times.untimed(UNSEEN) == []
    found = times.predict(UNSEEN).ms
    assert found == pytest.approx(measured_ms(UNSEEN, setting), rel=0.01)
    # The host would need twice as long to launch the kernels; none of that is in the sum.
    eager = Setting(setting.what, setting.batch, eager=True)
    assert measured_ms(UNSEEN, eager) > 2 * found


def test_what_a_step_takes_beyond_its_layers_and_its_update_is_the_same_for_all(staircase):
    found = [PROFILE(each, STEP) for each in NETWORKS[:2]]
    rests = [each.whole_ms - each.sum_ms for each in found]
    assert rests == pytest.approx([rests[0]] * len(rests), abs=1e-4)


def test_launched_eagerly_a_step_has_one_update_too(staircase):
    eager = Setting("train_step", 4, eager=True)
    for each in NETWORKS:
        found = PROFILE(each, eager)
        calls = found.update_ms / staircase.launch_ms
        assert calls <= 6  # of `foreach`, however many layers there are
        assert found.sum_ms <= found.whole_ms


def test_branches_are_one_layer(staircase):
    residual = network("basic(3,16)/2", pixels=8)
    found = PROFILE(residual, STEP)
    assert len(found.layers) == len(nodes_of(residual))
    assert all(ms > 0.3 for _, ms in found.layers[:-1])


def test_a_layer_is_never_quicker_than_nothing():
    assert differences([1.0, 3.0, 2.5, 4.0]) == pytest.approx([2.0, LEAST_MS, 1.0 - LEAST_MS])


def test_layers_of_a_pass_that_cannot_be_captured_are_not_timed(staircase):
    staircase.refuses_captures = True
    with pytest.raises(CaptureError) as caught:
        PROFILE(NETWORKS[0], FORWARD)
    assert "a forward pass of 4 images in fp32 cannot be captured" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
