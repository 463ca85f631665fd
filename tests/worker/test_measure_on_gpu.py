"""Times that a worker measures on a simulated GPU: replays, launches, passes without a graph."""

import pytest
import torch
from judged_times import MACHINE, SLIM, WIDE, judge, network, profile
from simulated_gpu import META

from nas_tc.timing import GraphRun, NodeLock, Setting, stopwatch
from nas_tc.timing import work as work_module
from nas_tc.worker import FrontTimingRequest, TimingRequest
from nas_tc.worker import measure as measure_module
from nas_tc.worker.measure import TimingSetup, measure, measure_front

GPU = {**MACHINE, "cuda": "12.8"}


@pytest.fixture
def setup(gpu, monkeypatch, tmp_path):
    """A worker's setup on a GPU that does any operation in 5 us, and has it launched in 10."""
    monkeypatch.setattr(measure_module, "timing_machine", lambda _: GPU)
    with gpu.running(lambda *_: 0.005):
        yield TimingSetup(META, NodeLock(tmp_path), {"torch": stopwatch(META)})


def gpu_judge(expression="latency<=1ms, latency_eager<=2ms", **how):
    made = judge(expression, device="cuda", **how)
    made.table.machine = GPU
    return made


@pytest.fixture
def no_graphs(gpu):
    gpu.refuses_captures = True


def test_replays_and_launches_are_measured_and_tabled_apart(setup):
    time_judge = gpu_judge()
    result = measure(time_judge.request_for(SLIM), setup)
    replayed, eager = result.times
    assert eager.estimate.value > 1.9 * replayed.estimate.value
    assert {setting for setting, _, _ in result.profiles} == {Setting(), Setting(eager=True)}
    time_judge.add_result(SLIM, result)
    for judged, setting in ((replayed, Setting()), (eager, Setting(eager=True))):
        predicted = time_judge.table.of(setting).predict(SLIM).ms
        assert predicted == pytest.approx(judged.estimate.value, rel=0.01)


def test_where_no_graph_can_be_made_launches_are_judged_and_stay_out_of_the_table(setup, no_graphs):
    notes = []
    time_judge = gpu_judge(note=notes.append)
    kept, like_slim = time_judge.table.of(Setting()), network("(3,8)/2 | (3,8)x2")
    kept.add(like_slim, profile(like_slim))  # by replays, before
    layers = len(kept.layers)
    assert kept.predict(SLIM) is not None
    for _ in range(2):
        result = measure(time_judge.request_for(SLIM), setup)
        time_judge.add_result(SLIM, result)
    replayed, eager = result.times
    assert "not permitted when stream is capturing" in replayed.not_captured
    assert eager.not_captured is None
    assert replayed.estimate.value == pytest.approx(eager.estimate.value)
    assert (len(kept.layers), len(kept.checks)) == (layers, 0)
    assert time_judge.table.of(Setting(eager=True)).layers
    assert len(notes) == 1
    assert notes[0].startswith("latency is measured with the launches of the host, since")


def test_replays_are_not_compared_with_launches(setup, gpu, monkeypatch):
    """A limit by a reference that cannot be captured: the network is launched eagerly, too."""
    captured = work_module.captured
    graphs = iter([True, False])  # of the network, and of the reference

    def some(run, pool):
        return captured(run, pool) if next(graphs) else GraphRun(run, None, "no graph today")

    monkeypatch.setattr(work_module, "captured", some)
    (found,), (eager,) = (
        measure(TimingRequest(SLIM, gpu_judge(f"{what}<=(3,8)/2 | (3,8)*2").limits), setup).times
        for what in ("latency", "latency_eager")
    )
    assert found.not_captured == "no graph today"
    assert eager.not_captured is None
    assert found.ratio.value == pytest.approx(eager.ratio.value)


def test_a_front_is_measured_in_one_pool_of_memory(setup, monkeypatch):
    pools = []
    handle = torch.cuda.graph_pool_handle
    monkeypatch.setattr(
        torch.cuda, "graph_pool_handle", lambda: pools.append(handle()) or pools[-1]
    )
    request = FrontTimingRequest((SLIM, WIDE), gpu_judge("latency<=1ms").limits, least_s=0.0)
    found = measure_front(request, setup).times
    assert len(pools) == 1
    assert [each[0].name for each in found] == ["latency", "latency"]
    assert all(each[0].not_captured is None for each in found)


def test_a_front_without_graphs_says_so(setup, no_graphs):
    request = FrontTimingRequest((SLIM,), gpu_judge("latency<=1ms").limits, least_s=0.0)
    assert "capturing" in measure_front(request, setup).times[0][0].not_captured
