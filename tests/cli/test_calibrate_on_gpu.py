"""`nas-tc calibrate` on a simulated GPU."""

import pytest
from layer_profiles import MACHINE
from simulated_gpu import META

from nas_tc.latency import TimeTable, profile_layers
from nas_tc.timing import Setting

SPACE = ("--space", "plain-32", "--input", "3x8x8")


@pytest.fixture
def slow_gpu(gpu, monkeypatch):
    """A GPU on which each operation takes .2 ms, and its launch .4 ms."""
    gpu.launch_ms = 0.4
    machine = {**MACHINE, "cuda": "12.8"}
    monkeypatch.setattr("nas_tc.cli.measured.choose_device", lambda _: META)
    monkeypatch.setattr("nas_tc.latency.time_table.timing_machine", lambda _: machine)
    monkeypatch.setattr(
        "nas_tc.latency.calibration.profile_layers",
        lambda *given, **how: profile_layers(*given, **how, least_s=0, fewest=1),
    )
    with gpu.running(lambda *_: 0.2):
        yield gpu


def test_replays_and_launches_fill_settings_of_their_own(nas_tc, slow_gpu, tmp_path):
    out = tmp_path / "table.json"
    for options in ((), ("--eager",)):
        code, printed, _ = nas_tc("calibrate", *SPACE, "--networks", "1", "--out", out, *options)
        assert code == 0
    assert "a forward pass of 1 image in fp32, launched eagerly" in printed
    table = TimeTable.read(out)
    replayed, eager = (table.of(Setting(eager=eager)) for eager in (False, True))
    assert replayed.networks == eager.networks
    for key, entry in replayed.layers.items():
        assert eager.layers[key].ms > 1.9 * entry.ms


def test_what_cannot_be_captured_fills_no_table(nas_tc, slow_gpu, tmp_path):
    slow_gpu.refuses_captures = True
    out = tmp_path / "table.json"
    code, _, errors = nas_tc("calibrate", *SPACE, "--networks", "1", "--out", out)
    assert code == 2
    assert "cannot be captured in a CUDA graph" in errors
    assert len(errors.splitlines()) == 1
    assert not TimeTable.read(out).of(Setting()).layers


def test_a_processor_has_no_launches(nas_tc):
    code, _, errors = nas_tc("calibrate", "--eager", "--device", "cpu")
    assert code == 2
    assert "a processor launches no kernels" in errors
