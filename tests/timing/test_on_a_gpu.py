"""What only a real GPU can show of its clock: captures, replays, launches, and failed captures."""

import pytest
import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.latency import LayerTimes, profile_layers
from nas_tc.timing import (
    GraphRun,
    Setting,
    captured,
    gpu_uuid,
    stopwatch,
    timing_machine,
    work_of,
)

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here"),
]
CUDA = torch.device("cuda")
DEEP = Architecture((3, 32, 32), parse_notation("(3,16)x12"), GAP, 10)
WIDE = Architecture((64, 128, 128), parse_notation("(3,512)x4"), GAP, 10)
SETTINGS = [
    Setting(what, batch, dtype)
    for what, batch in (("forward", 1), ("train_step", 8))
    for dtype in ("fp32", "bf16")
]


def ms_of(run):
    return stopwatch(CUDA).time(run, repeats=20, least_s=0).value


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_passes_are_captured_and_replays_are_not_slower_than_launches(setting):
    run = work_of(DEEP, setting, CUDA)
    assert isinstance(run, GraphRun)
    assert run.reason == ""
    assert ms_of(run) <= 1.05 * ms_of(run.eager)


def test_a_deep_narrow_network_waits_for_its_launches_and_a_wide_one_does_not():
    deep = work_of(DEEP, Setting(), CUDA)
    wide = work_of(WIDE, Setting(batch=16), CUDA)
    assert ms_of(deep.eager) > 1.5 * ms_of(deep)
    assert ms_of(wide.eager) < 1.1 * ms_of(wide)


def test_a_replay_computes_what_the_pass_does():
    values = torch.arange(8.0, device=CUDA)
    run = captured(lambda: values.add_(1.0))
    before = values.clone()
    run()
    torch.cuda.synchronize()
    assert torch.equal(values, before + run.passes)


def test_a_failed_capture_leaves_the_process_as_it_was():
    values = torch.ones(8, device=CUDA)

    def run():
        values.add_(1.0)
        torch.empty(1 << 22, device=CUDA)
        torch.cuda.synchronize()

    stream = torch.cuda.current_stream()
    found = captured(run)
    assert found.graph is None
    assert "captur" in found.reason
    assert torch.cuda.current_stream() == stream
    torch.cuda.empty_cache()
    found()
    assert ms_of(found) > 0
    assert captured(lambda: values.add_(1.0)).graph is not None


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_layers_add_up_to_a_network_that_was_never_timed(setting):
    times = LayerTimes(on_gpu=True)
    for notation in ("(3,16)", "(3,16)x3", "(3,16)x6"):
        network = Architecture((3, 32, 32), parse_notation(notation), GAP, 10)
        times.add(network, profile_layers(network, setting, CUDA))
    assert times.untimed(DEEP) == []
    assert times.predict(DEEP).ms == pytest.approx(ms_of(work_of(DEEP, setting, CUDA)), rel=0.1)


def test_the_machine_is_on_record():
    machine = timing_machine(CUDA)
    assert machine["uuid"] == gpu_uuid(CUDA)
    assert machine["cuda"]
    assert machine["tf32"] in ("none", "convolutions")
    assert machine["processor"]
