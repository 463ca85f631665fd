"""The slowdown by baseline networks, on machines whose speed a test sets."""

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_clocks import Machine

from nas_tc.timing import (
    BaselineSpeed,
    ReferenceSpeed,
    baseline_weights,
)
from nas_tc.timing.baseline_speed import baseline_samples

QUIET_MS = (0.75, 3.0, 10.0)


@given(st.floats(1e-6, 1e6))
def test_a_network_is_compared_with_the_baseline_networks_around_it(ms):
    found = baseline_weights(QUIET_MS, ms)
    assert sum(found.values()) == pytest.approx(1)
    assert list(found) in ([0], [0, 1], [1], [1, 2], [2])
    mean = prod(QUIET_MS[kind] ** share for kind, share in found.items())
    if QUIET_MS[0] <= ms <= QUIET_MS[-1]:  # as if it took as long as they do; or nearly
        assert mean == pytest.approx(ms, rel=0.3)
    else:
        assert mean in (QUIET_MS[0], QUIET_MS[-1])


def test_between_two_baseline_networks_both_count():
    machine = Machine(slowdown=1.21, small=2.0)
    baseline = BaselineSpeed(machine.watch((1.0, 9.0)).reference_speed, [3.0, 0.5, 100.0])
    middle_ms = (1.21**2 * 9.0 * 1.21) ** 0.5  # of what the two take now
    assert baseline.slowdown(middle_ms, 0) == pytest.approx(1.21**1.5)
    assert baseline.slowdown(0.5 * 1.21**2, 1) == pytest.approx(1.21**2)
    assert baseline.slowdown(121.0, 2) == pytest.approx(1.21)


@given(st.floats(1.0, 1.5), st.floats(1.0, 1.5), st.floats(0, 1))
def test_a_slow_moment_does_not_make_a_network_a_larger_one(small, large, place):
    quiet_ms, slow = (1.0, 9.0), (small, large)
    reference_speed = ReferenceSpeed(
        quiet_ms, lambda run: quiet_ms[run()] * slow[run()], lambda kind: lambda: kind
    )
    own_ms, own_slow = 9.0**place, small ** (1 - place) * large**place
    found = BaselineSpeed(reference_speed, [3.0]).slowdown(own_ms * own_slow)
    assert own_ms * own_slow / found == pytest.approx(own_ms)


def test_baseline_networks_run_twice_at_least():
    machine = Machine()
    BaselineSpeed(machine.watch((1.0, 9.0)).reference_speed, [0.5]).slowdown(0.5)
    assert machine.runs == [1.0] * 10


def test_baseline_networks_run_from_time_to_time():
    machine = Machine()
    baseline = BaselineSpeed(machine.watch((1.0, 9.0)).reference_speed, [0.5, 0.6])
    assert not baseline.update([5.0, 6.0])
    assert machine.runs == []
    assert baseline.update([0.5, 0.5])
    assert machine.runs == [1.0] * 5
    assert not baseline.update([5.0, 6.0])
    large = BaselineSpeed(machine.watch((1.0, 9.0)).reference_speed, [20.0])
    assert not large.update([20.0])  # three times the baseline network's own time is due
    assert large.update([20.0])
    assert large.slowdown(20.0) == 1.0


def test_the_first_runs_of_a_baseline_network_do_not_count():
    machine = Machine()
    quick, coarse = machine.run(0.5), machine.run(0.0)
    assert len(baseline_samples(machine.clock, quick)) == len(machine.runs) - 4  # 2 ms of them
    machine.runs.clear()
    assert len(baseline_samples(machine.clock, coarse)) == len(machine.runs) - 40


def test_a_tenth_of_the_time_goes_to_the_baseline_networks():
    machine = Machine()
    small, large = map(machine.run, (2.0, 20.0))

    def count(run, since_ms=0.0):
        return len(baseline_samples(machine.clock, run, since_ms))

    assert count(small) == 2  # enough of 2 ms
    assert count(small, since_ms=400.0) == 20
    assert count(large) == count(large, since_ms=150.0) == 1
    assert count(large, since_ms=400.0) == 2
