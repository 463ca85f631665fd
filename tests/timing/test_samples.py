"""Times corrected for the machine's slowdown, on machines whose speed a test sets."""

import pytest
from scripted_clocks import Machine

from nas_tc.timing import (
    decide_ratio,
    time_interleaved,
    time_ratio,
    time_rebuilds,
)


@pytest.mark.parametrize("slowdown", [0.9, 1.0, 1.25])
def test_every_time_is_corrected_to_the_reference_speed(slowdown):
    machine = Machine(slowdown)
    watch, run, other = machine.watch(), machine.run(3.0), machine.run(4.0)
    assert watch.time(run, repeats=20, least_s=0).value == pytest.approx(3.0)
    assert watch.quick_estimate(run).value == pytest.approx(3.0)
    assert watch.decide(run, 3.1)[1] == "accept"
    assert watch.decide(run, 2.9)[1] == "reject"
    ratio, own, verdict = decide_ratio(watch, run, other, 0.8)
    assert (ratio.value, own.value, verdict) == (0.75, pytest.approx(3.0), "accept")
    assert time_ratio(watch, run, other, rounds=30).value == 0.75
    ((ms, share),) = time_interleaved(watch, [run], other, rounds=30, least_s=0)
    assert (ms.value, share.value) == (pytest.approx(3.0), 0.75)


def test_a_quick_estimate_of_a_slow_moment_still_counts():
    machine = Machine(1.3)
    watch, run, other = machine.watch(), machine.run(3.0), machine.run(4.0)
    seen = watch.quick_estimate(other)
    machine.slowdown = 0.8
    ratio, _, verdict = decide_ratio(watch, run, other, 0.85, reference_estimate=seen)
    assert (ratio.value, ratio.samples, verdict) == (pytest.approx(0.75), 12, "accept")


def test_small_and_large_networks_have_baselines_of_their_own():
    machine = Machine(slowdown=1.1, small=3.0)
    watch, small, large = machine.watch(), machine.run(1.0), machine.run(40.0)
    assert watch.quick_estimate(small).value == pytest.approx(1.0)
    assert watch.quick_estimate(large).value == pytest.approx(40.0)
    ratio, _, _ = decide_ratio(watch, small, large, 0.5)
    assert ratio.value == pytest.approx(1 / 40)
    assert time_ratio(watch, small, large, rounds=20).value == pytest.approx(1 / 40)
    ((_, share),) = time_interleaved(watch, [small], large, rounds=30, least_s=0)
    assert share.value == pytest.approx(1 / 40)
    times = time_rebuilds(watch, [lambda: small, lambda: large], rebuilds=2, rebuild_s=0)
    assert (times.time(0).value, times.time(1).value) == (pytest.approx(1), pytest.approx(40))
    assert times.ratio().value == pytest.approx(1 / 40)
    assert times.slowdown == pytest.approx(1.1**3)


def test_runs_of_about_the_same_length_are_slowed_alike():
    machine = Machine(slowdown=1.1, small=3.0)
    watch, small, twice = machine.watch(), machine.run(1.5), machine.run(3.0)
    assert time_ratio(watch, small, twice, rounds=20).value == 0.5
    times = time_rebuilds(watch, [lambda: small, lambda: twice], rebuilds=2, rebuild_s=0)
    assert times.ratio().value == pytest.approx(0.5, rel=1e-12)
