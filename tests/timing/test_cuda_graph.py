"""Captured passes, their replays and the launches of the host, on a simulated GPU."""

import pytest
import torch
from simulated_gpu import META, SimulatedGpu

from nas_tc.timing import GraphRun, Setting, captured, stopwatch
from nas_tc.timing.clock import clock_of

CLOCK = clock_of(META)


def test_replays_take_the_time_of_the_kernels_and_launches_that_of_the_host(gpu):
    run = gpu.run_of(*[0.002] * 20)
    assert CLOCK(run) == pytest.approx(20 * 0.01 + 0.002)  # 10 us to launch each
    assert CLOCK(captured(run)) == pytest.approx(20 * 0.002)


def test_launches_rank_networks_by_their_operations_and_replays_by_their_work(gpu):
    deep, wide = gpu.run_of(*[0.001] * 40), gpu.run_of(*[0.02] * 10)
    assert CLOCK(deep) > CLOCK(wide)
    assert CLOCK(captured(deep)) < CLOCK(captured(wide))


def test_a_large_network_takes_as_long_either_way(gpu):
    run = gpu.run_of(*[5.0] * 10)
    assert CLOCK(run) == pytest.approx(CLOCK(captured(run)), rel=1e-3)


@pytest.mark.parametrize("ms", [0.03, 0.7, 1.9, 30.0])
def test_two_milliseconds_lie_between_the_events(gpu, monkeypatch, ms):
    elapsed = []
    measured = SimulatedGpu.replay

    def replay(self, kernels_ms):
        measured(self, kernels_ms)
        elapsed.append(ms)

    run = captured(gpu.run_of(ms))
    CLOCK(run)
    monkeypatch.setattr(SimulatedGpu, "replay", replay)
    assert CLOCK(run) == pytest.approx(ms)
    assert run.replays * run.passes * ms >= 2.0
    assert len(elapsed) <= 1.25 * run.replays + 1  # and those ahead of them: it searches only once


def test_the_warm_up_is_on_the_stream_of_the_capture(gpu):
    captured(gpu.run_of(1.0))
    assert gpu.calls[:7] == [
        "side waits for default",
        *["run on side"] * 3,
        "synchronize",
        "capture on side",
        "run on side",
    ]
    assert gpu.calls[-1] == "default waits for side"


def test_a_pass_shorter_than_its_launch_is_captured_several_times_over(gpu):
    for ms, passes in ((0.001, 21), (0.05, 4), (0.3, 1)):  # 10 us a launch
        run = captured(gpu.run_of(ms))
        assert run.passes == passes
        assert CLOCK(run) == pytest.approx(ms)


@pytest.mark.parametrize(("own_ms", "others_ms"), [(3.0, 3.0), (1.0, 4.1), (0.7, 9.3)])
def test_the_time_does_not_move_with_the_load_of_the_host(gpu, own_ms, others_ms):
    """Other programs have the core in turn."""
    run = captured(gpu.run_of(*[0.004] * 25))
    quiet = CLOCK(run)

    def held_up():
        since_ms = gpu.host_ms % (own_ms + others_ms)
        return 0.0 if since_ms < own_ms else own_ms + others_ms - since_ms

    gpu.held_up = held_up
    found = stopwatch(META).time(run, repeats=50, least_s=0)
    assert found.low == pytest.approx(quiet)
    assert found.high == pytest.approx(quiet)
    assert max(CLOCK(run.eager) for _ in range(50)) > 10 * quiet


def test_a_sample_whose_replays_came_too_late_is_taken_again_behind_more_of_them(gpu):
    run = captured(gpu.run_of(0.5))
    assert CLOCK(run) == pytest.approx(0.5)
    delays = iter([0.0, 0.0, 0.0, 9.0])  # in the middle of the next sample
    gpu.held_up = lambda: next(delays, 0.0)
    before = gpu.calls.count("record")
    lead = run.lead
    assert CLOCK(run) == pytest.approx(0.5)
    assert gpu.calls.count("record") == before + 4
    assert run.lead == 2 * lead


def test_the_shortest_sample_counts_where_the_host_is_always_too_slow(gpu):
    gpu.graph_launch_ms = 0.3
    run = captured(gpu.run_of(0.25))
    assert 0.25 <= CLOCK(run) <= 0.3 + 1e-9


def test_a_pass_that_cannot_be_captured_runs_eagerly_and_says_why(gpu):
    def run():
        gpu.kernel(0.5)
        if gpu.capture is not None:
            gpu.synchronize()

    found = captured(run)
    assert found.graph is None
    assert found.reason == (
        "RuntimeError: CUDA error: operation not permitted when stream is capturing"
    )
    assert torch.cuda.current_stream().name == "default"
    assert "pool left" in gpu.calls  # else torch's allocator stays in the capture
    assert "generator from a clone" in gpu.calls  # drop-out can go on
    assert CLOCK(found) == pytest.approx(0.51)


@pytest.mark.parametrize(
    ("error", "invalid"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"), False),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), False),
    ],
)
def test_other_errors_of_a_capture_are_raised(gpu, error, invalid):
    def run():
        if gpu.capture is not None:
            gpu.invalid = invalid
            raise error

    with pytest.raises(type(error), match=str(error)[:18]):
        captured(run)
    assert torch.cuda.current_stream().name == "default"


def test_a_pass_that_fails_before_the_capture_raises_its_error(gpu):
    def run():
        raise RuntimeError("a capture was never begun")

    with pytest.raises(RuntimeError, match="never begun"):
        captured(run)


def test_a_graph_owns_the_pass(gpu):
    run = gpu.run_of(0.5)
    found = captured(run)
    assert isinstance(found, GraphRun)
    assert found.eager is run
    found()
    assert gpu.calls[-1] == "replay"


def test_settings_say_how_a_pass_is_launched():
    assert str(Setting(eager=True)) == "a forward pass of 1 image in fp32, launched eagerly"
