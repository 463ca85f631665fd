"""Networks that are built several times, on machines whose speed a test sets."""

from dataclasses import replace

import pytest
from scripted_clocks import Machine

from nas_tc.timing import (
    LOW_QUARTILE,
    decide_rebuilds,
    time_rebuilds,
)
from nas_tc.timing import rebuilds as rebuilds_module


def test_a_time_over_several_builds():
    machine = Machine(1.25)
    built = iter([3.0, 5.0, 3.2, 3.1, 2.9, 3.3, 3.1])  # where a build lies makes it slow
    found = time_rebuilds(
        machine.watch(),
        [lambda: machine.run(next(built)), lambda: machine.run(6.2)],
        rebuilds=7,
        rebuild_s=0,
    )
    time = found.time()
    assert (time.value, time.low, time.high) == (
        pytest.approx(3.1),
        pytest.approx(2.9),
        pytest.approx(5.0),
    )
    assert found.raw_ms() == pytest.approx(3.1 * 1.25)
    assert found.slowdown == pytest.approx(1.25)
    assert found.ratio().value == pytest.approx(0.5)
    assert (len(found.rebuilds), time.samples, time.quantile) == (7, 42, LOW_QUARTILE)


def test_samples_are_spread_over_the_builds():
    machine = Machine()
    found = time_rebuilds(
        machine.watch(), [lambda: machine.run(1.0)], rebuilds=4, repeats=90, rebuild_s=0
    )
    assert 90 <= found.time().samples < 120


def test_without_a_reference_speed_times_are_what_the_clock_read():
    machine = Machine(1.25)
    watch = replace(machine.watch(), reference_speed=None)
    found = time_rebuilds(watch, [lambda: machine.run(3.0)], rebuilds=3, rebuild_s=0)
    assert (found.time().value, found.raw_ms(), found.slowdown) == (3.75, 3.75, None)


def test_slow_networks_are_built_less_often_but_five_times(monkeypatch):
    machine = Machine()
    found = time_rebuilds(machine.watch(), [lambda: machine.run(9.0)], rebuild_s=0, most_s=0)
    assert len(found.rebuilds) == rebuilds_module._FEWEST_REBUILDS == 5


@pytest.mark.parametrize(
    ("limit", "builds", "verdict"),
    [(4.0, 6, "accept"), (2.0, 6, "reject"), (3.0, 10, "measure more")],
)
def test_a_verdict_over_builds(limit, builds, verdict):
    machine = Machine()
    built = iter([2.9, 3.1] * 5)
    found, found_verdict = decide_rebuilds(
        machine.watch(), [lambda: machine.run(next(built))], limit, rebuilds=10, rebuild_s=0
    )
    assert (len(found.rebuilds), found_verdict) == (builds, verdict)
