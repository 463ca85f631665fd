"""Calibration before the first proposal: which networks are timed, and when it ends. No clock."""

from dataclasses import replace
from itertools import islice
from random import Random
from types import SimpleNamespace

import pytest
from judged_times import MACHINE, SPACE, judge, limits, profile

from nas_tc.budget import parse_budget
from nas_tc.cost import complexity
from nas_tc.latency import network_workload
from nas_tc.search.likely_limits import cautious_limits, most_macs
from nas_tc.search.time_calibration import (
    calibrate_times,
    expected_search_s,
    settle_admission,
    shown_rates,
    spread_networks,
)
from nas_tc.search.time_judge import TimeJudge
from nas_tc.space import extreme_network
from nas_tc.timing import Setting
from nas_tc.worker import TimingResult, TrainingResult


class ProfilingPool:
    """A worker that times layers by their work: see `judged_times.profile`."""

    def __init__(self, answer=None):
        self.requests = []
        self._answer = answer

    def time(self, key, request):
        self.key = key
        self.requests.append(request)

    def next_result(self, timeout_s):
        profiles = tuple((s, each, profile(each)) for s, each in self.requests[-1].to_profile)
        return self.key, self._answer or TimingResult((), profiles, MACHINE, 0.1)

    def release(self, key):
        assert key == self.key

    @property
    def networks(self):
        return [request.to_profile[0][1] for request in self.requests]


def calibrated(expression, expected_s=1000.0, answer=None):
    time_judge = judge(expression, extreme_network(SPACE, "cheapest"))
    pool, notes = ProfilingPool(answer), []
    calibrate_times(time_judge, pool, SPACE, expected_s, note=notes.append)
    return time_judge, pool, notes


def test_networks_up_to_the_limit_are_timed_until_it_can_be_predicted():
    time_judge, pool, notes = calibrated("latency<=2ms")
    times = [profile(each).whole_ms for each in pool.networks]
    assert 3 <= len(times) <= 16
    assert len(set(pool.networks)) == len(times)
    assert sum(ms > 2 for ms in times) <= len(times) / 4
    assert max(times) < 6  # whatever the first of them seem to tell of the others
    assert max(times) > 0.8  # near the limit, and not only the cheapest
    assert time_judge.is_known
    assert notes[0].startswith("times: learning")
    assert notes[-2].startswith(f"times: {len(times)} networks timed in ")
    assert "ms for 10^9 multiply-adds" in notes[-1]
    unseen = islice(spread_networks(SPACE, Random(3)), 60)
    table = time_judge.table.of(Setting())
    for each in unseen:
        truth = profile(each).whole_ms
        if 0.8 < truth < 2:
            assert table.predict(each).ms == pytest.approx(truth, rel=0.25)


def test_a_table_that_knows_enough_is_left_alone():
    time_judge, _, _ = calibrated("latency<=2ms")
    for _ in range(20):
        time_judge.table.of(Setting()).add_check(1.0, 1.0)
    pool, notes = ProfilingPool(), []
    for network in islice(spread_networks(SPACE, Random(0)), 400):
        time_judge.table.of(Setting()).add(network, profile(network))
    calibrate_times(time_judge, pool, SPACE, 1000.0, note=notes.append)
    assert (pool.requests, notes) == ([], [])


def test_the_time_is_bounded_by_that_of_the_search():
    _, short, _ = calibrated("latency<=2s, latency<=2s@b8", expected_s=0.0)
    _, long, _ = calibrated("latency<=2s, latency<=2s@b8", expected_s=10_000.0)
    assert 1 <= len(short.requests) < len(long.requests) <= 16
    assert [setting.batch for setting, _ in short.requests[0].to_profile] == [1, 8]


def test_where_no_network_is_likely_within_the_limit_what_may_be_is_proposed():
    cheapest = extreme_network(SPACE, "cheapest")
    just = profile(cheapest).whole_ms * 1.01
    time_judge, _, _ = calibrated("latency<=2ms")
    times = time_judge.table.of(Setting())
    for ratio in (0.8, 1.2) * 10:
        times.add_check(1.0, ratio)
    tight = TimeJudge(limits(f"latency<={just:.6f}ms"), time_judge.table, None, measures=True)
    assert not tight.admits(cheapest)
    settle_admission(tight, SPACE)
    assert tight.admits(cheapest)
    settle_admission(time_judge, SPACE)
    assert not time_judge.is_lenient


def test_on_a_gpu_the_seconds_of_the_worker_count():
    captured = replace(TimingResult((), (), {**MACHINE, "cuda": "12.8"}), seconds=7.0)
    time_judge = judge("latency<=2ms", extreme_network(SPACE, "cheapest"))
    time_judge.table.machine["cuda"] = "12.8"
    pool = ProfilingPool(captured)
    calibrate_times(time_judge, pool, SPACE, 500.0, note=[].append)  # 15 s of them
    assert len(pool.requests) == 3


def test_no_room_for_a_network_is_no_end():
    _, pool, _ = calibrated("latency<=2ms", answer=TrainingResult(diverged="out of memory"))
    assert len(pool.requests) == 16


def test_networks_are_spread_over_the_space():
    found = list(islice(spread_networks(SPACE, Random(1)), 200))
    assert len(set(found)) == 200
    macs = sorted(map(complexity, found))
    least, most = (complexity(extreme_network(SPACE, w)) for w in ("cheapest", "costliest"))
    assert macs[20] < 30 * least
    assert macs[-20] > most / 200


def test_a_search_takes_longer_with_more_of_everything():
    def seconds(trials=40, workers=2, epochs=12, limit_ms=1.0, budget="latency<=1ms"):
        settings = SimpleNamespace(
            data=SimpleNamespace(train=range(1000)),
            recipe=SimpleNamespace(epochs=epochs),
            times=judge(budget).limits,
        )
        name = settings.times[0].name
        return expected_search_s(settings, trials, workers, {name: limit_ms})

    assert seconds() == pytest.approx(40 / 2 * 12 * 1000 * 0.3e-3)
    assert seconds(trials=80) == seconds(workers=1) == seconds(epochs=24) == 2 * seconds()
    assert seconds(limit_ms=2.0) == 2 * seconds()
    step = seconds(budget="train_step<=1ms@b100", limit_ms=100.0)
    assert step == pytest.approx(40 / 2 * 12 * 1000 * 1e-3)


def test_the_multiply_adds_are_bounded_by_what_was_learnt():
    time_judge, _, _ = calibrated("latency<=2ms")
    most = most_macs(time_judge, SPACE)
    assert 2e6 < most < 1e7  # a millisecond a million, and generously
    for each in islice(spread_networks(SPACE, Random(5)), 100):
        if profile(each).whole_ms <= 2:
            assert complexity(each) <= most


def test_baselines_count_with_more_than_their_expected_time():
    time_judge, _, _ = calibrated("latency<=2ms")
    (limit,) = cautious_limits(time_judge, parse_budget("latency<=2ms").times)
    network = next(spread_networks(SPACE, Random(7)))
    predicted = time_judge.table.of(Setting()).predict(network)
    assert limit.of(network) == predicted.likely_ms > predicted.ms
    assert not cautious_limits(judge("latency<=2ms"), parse_budget("latency<=2ms").times)


def test_rates_are_shown_with_their_error():
    time_judge, _, _ = calibrated("latency<=2ms")
    regression = time_judge.table.of(Setting()).regression
    assert regression.ms(network_workload(extreme_network(SPACE, "cheapest"))) > 0
    assert "us an operation" in shown_rates(regression)
    assert "; right to " in shown_rates(regression)
