"""The machine's reference_speed: kept once, and taken out of every figure; by clocks of our own."""

import json
from dataclasses import replace
from itertools import count
from math import prod

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.errors import TableError
from nas_tc.latency import profile_layers
from nas_tc.timing import (
    LOW_QUARTILE,
    BaselineSpeed,
    ReferenceSpeed,
    Setting,
    Stopwatch,
    baseline_weights,
    decide_ratio,
    decide_rebuilds,
    find_reference_speed,
    one_thread,
    read_reference_speed,
    reference_speed_file,
    time_interleaved,
    time_ratio,
    time_rebuilds,
    timing_machine,
)
from nas_tc.timing import baseline_speed as baseline_module
from nas_tc.timing import rebuilds as rebuilds_module
from nas_tc.timing import reference_speed as speed_module
from nas_tc.timing.baseline_speed import baseline_samples

CPU = torch.device("cpu")
CALM = (0.75, 3.0, 10.0)


class Machine:
    """A machine whose speed is `slowdown`, and on which each run knows its milliseconds.

    What takes less than 5 ms may feel it, to the power of `small`, otherwise than the rest.
    """

    def __init__(self, slowdown=1.0, small=1.0):
        self.slowdown = slowdown
        self.small = small
        self.runs = []

    def run(self, ms):
        def run():
            self.runs.append(ms)

        run.ms = ms
        return run

    def clock(self, run):
        run()
        return run.ms * (self.slowdown**self.small if run.ms < 5 else self.slowdown)

    def watch(self, quiet_ms=(2.0, 20.0)):
        return Stopwatch(
            self.clock,
            LOW_QUARTILE,
            ReferenceSpeed(quiet_ms, self.clock, lambda kind: self.run(quiet_ms[kind])),
        )


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(speed_module, "_measure", lambda *_: CALM)
    return tmp_path


@pytest.mark.parametrize("slowdown", [0.9, 1.0, 1.25])
def test_every_figure_is_told_at_the_calm_pace(slowdown):
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


def test_a_reference_seen_while_the_machine_was_slow_still_counts():
    machine = Machine(1.3)
    watch, run, other = machine.watch(), machine.run(3.0), machine.run(4.0)
    seen = watch.quick_estimate(other)
    machine.slowdown = 0.8
    ratio, _, verdict = decide_ratio(watch, run, other, 0.85, reference_estimate=seen)
    assert (ratio.value, ratio.samples, verdict) == (pytest.approx(0.75), 12, "accept")


def test_small_and_large_networks_have_pacemakers_of_their_own():
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


@given(st.floats(1e-6, 1e6))
def test_a_network_is_told_by_the_pacemakers_between_which_it_lies(ms):
    found = baseline_weights(CALM, ms)
    assert sum(found.values()) == pytest.approx(1)
    assert list(found) in ([0], [0, 1], [1], [1, 2], [2])
    mean = prod(CALM[kind] ** share for kind, share in found.items())
    if CALM[0] <= ms <= CALM[-1]:  # as if it took as long as they do; or nearly
        assert mean == pytest.approx(ms, rel=0.3)
    else:
        assert mean in (CALM[0], CALM[-1])


def test_between_two_pacemakers_both_count():
    machine = Machine(slowdown=1.21, small=2.0)
    baseline = BaselineSpeed(machine.watch((1.0, 9.0)).reference_speed, [3.0, 0.5, 100.0])
    middle_ms = (1.21**2 * 9.0 * 1.21) ** 0.5  # of what the two take now
    assert baseline.slowdown(middle_ms, 0) == pytest.approx(1.21**1.5)
    assert baseline.slowdown(0.5 * 1.21**2, 1) == pytest.approx(1.21**2)
    assert baseline.slowdown(121.0, 2) == pytest.approx(1.21)


@given(st.floats(1.0, 1.5), st.floats(1.0, 1.5), st.floats(0, 1))
def test_a_slow_moment_does_not_make_a_network_a_larger_one(small, large, place):
    calm, slow = (1.0, 9.0), (small, large)
    reference_speed = ReferenceSpeed(
        calm, lambda run: calm[run()] * slow[run()], lambda kind: lambda: kind
    )
    own_ms, own_slow = 9.0**place, small ** (1 - place) * large**place
    found = BaselineSpeed(reference_speed, [3.0]).slowdown(own_ms * own_slow)
    assert own_ms * own_slow / found == pytest.approx(own_ms)


def test_two_looks_at_least():
    machine = Machine()
    BaselineSpeed(machine.watch((1.0, 9.0)).reference_speed, [0.5]).slowdown(0.5)
    assert machine.runs == [1.0] * 8


def test_pacemakers_are_looked_at_from_time_to_time():
    machine = Machine()
    baseline = BaselineSpeed(machine.watch((1.0, 9.0)).reference_speed, [0.5, 0.6])
    assert not baseline.update([3.0, 4.0])
    assert machine.runs == []
    assert baseline.update([0.5, 0.5])
    assert machine.runs == [1.0] * 4
    assert not baseline.update([3.0, 4.0])
    large = BaselineSpeed(machine.watch((1.0, 9.0)).reference_speed, [20.0])
    assert not large.update([20.0])  # three times the pacemaker's own time is due
    assert large.update([20.0])
    assert large.slowdown(20.0) == 1.0


def test_runs_of_about_the_same_length_feel_the_machine_alike():
    machine = Machine(slowdown=1.1, small=3.0)
    watch, small, twice = machine.watch(), machine.run(1.5), machine.run(3.0)
    assert time_ratio(watch, small, twice, rounds=20).value == 0.5
    times = time_rebuilds(watch, [lambda: small, lambda: twice], rebuilds=2, rebuild_s=0)
    assert times.ratio().value == pytest.approx(0.5, rel=1e-12)


def test_a_tenth_of_the_time_goes_to_the_baseline_networks():
    machine = Machine()
    small, large = map(machine.run, (2.0, 20.0))

    def count(run, beside_ms=0.0):
        return len(baseline_samples(machine.clock, run, beside_ms))

    assert count(small) == 2  # enough of 2 ms
    assert count(small, beside_ms=400.0) == 20
    assert count(large) == count(large, beside_ms=150.0) == 1
    assert count(large, beside_ms=400.0) == 2


def test_a_figure_over_several_builds():
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


def test_without_a_calm_pace_figures_are_the_clocks_own():
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
    found, said = decide_rebuilds(
        machine.watch(), [lambda: machine.run(next(built))], limit, rebuilds=10, rebuild_s=0
    )
    assert (len(found.rebuilds), said) == (builds, verdict)


def test_what_is_calm_is_measured_once(cache, monkeypatch):
    with one_thread():
        first = find_reference_speed(CPU, cache)
        monkeypatch.setattr(speed_module, "_measure", lambda *_: (9.0, 9.0, 9.5))
        again = find_reference_speed(CPU, cache)
        path = reference_speed_file(cache, timing_machine(CPU))
    assert first.quiet_ms == again.quiet_ms == CALM
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert first.clock(first.build(0)) > 0


def test_a_machine_that_is_quicker_than_ever_is_measured_again(cache, monkeypatch):
    looks = iter([(0.74, 3.0, 9.0), (0.74, 3.1, 8.0), (0.74, 3.0, 7.6), (0.74, 3.0, 7.6)])
    with one_thread():
        find_reference_speed(CPU, cache)
        monkeypatch.setattr(speed_module, "_measure", lambda *_: next(looks))
        assert find_reference_speed(CPU, cache).quiet_ms == (0.74, 3.0, 8.0)  # the lower of each
        assert find_reference_speed(CPU, cache).quiet_ms == (
            0.74,
            3.0,
            8.0,
        )  # hardly quicker: one look


def test_a_file_of_a_single_pacemaker_is_measured_again(cache):
    with one_thread():
        machine = timing_machine(CPU)
        path = reference_speed_file(cache, machine)
        path.parent.mkdir()
        old = {"kind": "nas-tc pace", "format": 1, "machine": machine, "usual_ms": 0.1}
        path.write_text(json.dumps(old))
        assert find_reference_speed(CPU, cache).quiet_ms == CALM
        assert json.loads(path.read_text())["calm_ms"] == list(CALM)


def test_figures_that_can_be_read_and_not_lowered_are_not_looked_at(cache, monkeypatch):
    with one_thread():
        find_reference_speed(CPU, cache)
        monkeypatch.setattr(speed_module, "_can_be_written", lambda path: False)
        monkeypatch.setattr(speed_module, "_measure", None)
        assert (
            find_reference_speed(CPU, cache).quiet_ms
            == read_reference_speed(CPU, cache).quiet_ms
            == CALM
        )
        assert (
            read_reference_speed(CPU, cache / "elsewhere")
            is read_reference_speed(CPU, None)
            is None
        )


def test_a_clock_that_ticks_too_slowly_gives_no_pace(cache, monkeypatch):
    monkeypatch.setattr(speed_module, "_measure", lambda *_: (0.0, 0.0, 10.0))
    with one_thread():
        assert find_reference_speed(CPU, cache) is None
        assert not reference_speed_file(cache, timing_machine(CPU)).exists()


def test_layers_are_told_at_the_calm_pace_too(monkeypatch):
    small = Architecture((3, 16, 16), parse_notation("(3,4)x2"), GAP, 5)
    # Its pacemakers seem to take twice as long as in calm, whatever runs.
    calm = (1.0, 4.0)
    reference_speed = ReferenceSpeed(calm, lambda run: 2.0 * run(), lambda kind: lambda: calm[kind])
    ticks = count(step=1_000_000)
    monkeypatch.setattr("nas_tc.latency.layer_profiler.time.thread_time_ns", lambda: next(ticks))
    plain = profile_layers(small, Setting(), CPU, least_s=0)
    paced = profile_layers(small, Setting(), CPU, least_s=0, reference_speed=reference_speed)
    assert paced.whole_ms == pytest.approx(plain.whole_ms / 2)
    for (_, ours), (_, theirs) in zip(paced.layers, plain.layers, strict=True):
        assert ours == pytest.approx(theirs / 2)


def test_where_nothing_can_be_written_there_is_no_calm(cache):
    (cache / "file").write_text("")
    with one_thread():
        assert find_reference_speed(CPU, None) is None
        assert find_reference_speed(CPU, cache / "file") is None
    assert find_reference_speed(torch.device("cuda"), cache) is None


def test_the_quicker_of_two_processes_counts(cache, monkeypatch):
    with one_thread():
        machine = timing_machine(CPU)
        path = reference_speed_file(cache, machine)

        def measured(*_):
            speed_module._write(path, machine, (0.5, 4.0, 10.0))  # another one, meanwhile
            return CALM

        monkeypatch.setattr(speed_module, "_measure", measured)
        assert find_reference_speed(CPU, cache).quiet_ms == (0.5, 3.0, 10.0)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (None, "a damaged file of this machine's reference speed"),
        ({"kind": "nas-tc time table"}, "a damaged file"),
        ({"format": 3}, "of format 3"),
        ({"calm_ms": [1.0, -1.0, 2.0]}, "not a time: -1.0 ms"),
        ({"calm_ms": [1.0, 2.0, float("nan")]}, "not a time: nan ms"),
        ({"calm_ms": [1.0]}, "1 times of 3 baseline networks"),
        ({"calm_ms": [1.0, 3.0, 2.0]}, "a larger baseline network that takes no longer"),
        ({"calm_ms": 1.0}, "a damaged file"),
        ({"pacemakers": []}, "of other baseline networks"),
        ({"machine": {"device": "Abacus 7"}}, "of another machine (device 'Abacus 7'"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(cache, change, complaint):
    with one_thread():
        find_reference_speed(CPU, cache)
        path = reference_speed_file(cache, timing_machine(CPU))
        values = json.loads(path.read_text())
        path.write_text("{" if change is None else json.dumps({**values, **change}))
        with pytest.raises(TableError) as caught:
            find_reference_speed(CPU, cache)
    assert complaint in str(caught.value)
    assert "delete it, and nas-tc measures it again" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_pacemakers_are_measured_by_the_lower_quartile_of_several_builds(monkeypatch):
    machine = Machine()
    monkeypatch.setattr(speed_module, "BASELINES", ("small", "large"))
    built = iter([7.0, 20.0, 8.0, 30.0, 9.0, 10.0])
    monkeypatch.setattr(baseline_module, "BASELINES", ("small", "large"))
    monkeypatch.setattr(baseline_module, "forward_pass", lambda _: machine.run(next(built)))
    assert speed_module._measure(machine.clock, 3, 0) == (8.0, 20.0)
