"""`nas-tc time` on a simulated GPU: replays, eager launches, and the record of the machine."""

import json

import pytest
from simulated_gpu import META

from nas_tc.timing import Stopwatch

LAUNCH_MS = 0.01
ARGUMENTS = ("time", "(3,8)/2 | (3,8)/2", "--input", "3x16x16", "--repeats", "5")
RECORD = {
    "device": "Abacus 9",
    "cores": 4,
    "torch": "2.13",
    "cuda": "12.8",
    "driver": "550.54.15",
    "sm_mhz": 1755.0,
    "max_sm_mhz": 1980.0,
    "power_limit_w": None,
    "mig": "Disabled",
    "tf32": "convolutions",
    "processor": "Abacus 3",
    "load": 0.5,
}


@pytest.fixture
def gpu_of_5_us(gpu, monkeypatch):
    """A GPU on which each operation takes 5 us, and its launch 10 us."""
    gpu.launch_ms = LAUNCH_MS
    monkeypatch.setattr("nas_tc.cli.measured.choose_device", lambda _: META)
    monkeypatch.setattr("nas_tc.timing.timing_machine", lambda _: RECORD)
    timed = Stopwatch.time
    monkeypatch.setattr(  # seconds on the wall are no concern of a simulated clock
        Stopwatch, "time", lambda *given, **how: timed(*given, least_s=0.0, **how)
    )
    with gpu.running(lambda *_: 0.005):
        yield gpu


@pytest.mark.parametrize("training", [(), ("--train-step", "--batch", "2")])
def test_both_times_are_shown(nas_tc, gpu_of_5_us, training):
    code, out, _ = nas_tc(*ARGUMENTS, *training, "--json")
    assert code == 0
    found = json.loads(out)
    operations = found["latency_ms"] / 0.005
    assert operations == pytest.approx(round(operations))
    assert found["eager_ms"] == pytest.approx(operations * LAUNCH_MS + 0.005)
    assert found["eager_ratio"] == pytest.approx(found["eager_ms"] / found["latency_ms"])
    assert found["eager_low_ms"] <= found["eager_ms"] <= found["eager_high_ms"]
    assert found["not_captured"] is None
    assert found["machine"] == RECORD
    code, out, _ = nas_tc(*ARGUMENTS, *training, "--against", "(3,4)/2", "--limit-ms", "9")
    assert code == 0
    assert f"eager     {found['eager_ms']:.3f} ms" in out
    assert f"{found['eager_ratio']:.2f} times as long" in out
    assert "verdict   accept" in out
    assert "fp32 (convolutions in TF32)" in out
    assert "driver 550.54.15, clock at most 1980 MHz, MIG Disabled" in out


def test_a_pass_that_cannot_be_captured_is_said(nas_tc, gpu_of_5_us):
    gpu_of_5_us.refuses_captures = True
    code, out, _ = nas_tc(*ARGUMENTS, "--json")
    found = json.loads(out)
    assert code == 0
    assert "operation not permitted when stream is capturing" in found["not_captured"]
    assert found["eager_ms"] == found["latency_ms"]
    _, out, _ = nas_tc(*ARGUMENTS)
    assert "eager     the same: no CUDA graph could be made of it" in out
