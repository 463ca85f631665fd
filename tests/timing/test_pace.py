"""The machine's pace: kept once, and taken out of every figure; by clocks of our own."""

import json
from dataclasses import replace

import pytest
import torch

from nas_tc.errors import TableError
from nas_tc.timing import (
    Pace,
    Stopwatch,
    decide_builds,
    one_thread,
    pace_file,
    time_builds,
    timing_machine,
    usual_pace,
)
from nas_tc.timing import builds as builds_module
from nas_tc.timing import pace as pace_module

CPU = torch.device("cpu")


class Machine:
    """A machine whose speed is `slowness`, and on which each run knows its milliseconds."""

    def __init__(self, slowness=1.0):
        self.slowness = slowness
        self.runs = []

    def run(self, ms):
        def run():
            self.runs.append(ms)

        run.ms = ms
        return run

    def clock(self, run):
        run()
        return run.ms * self.slowness

    def watch(self, usual_ms=2.0):
        return Stopwatch(self.clock, True, Pace(usual_ms, self.run(usual_ms), self.clock))


@pytest.fixture(autouse=True)
def _one_pacemaker(monkeypatch):
    monkeypatch.setattr(Pace, "anew", lambda pace: pace)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(pace_module, "_measured", lambda clock: 0.75)
    return tmp_path


@pytest.mark.parametrize("slowness", [0.9, 1.0, 1.25])
def test_every_figure_is_told_at_the_usual_pace(slowness):
    machine = Machine(slowness)
    watch, run, other = machine.watch(), machine.run(3.0), machine.run(4.0)
    assert watch.time(run, repeats=20, least_s=0).value == pytest.approx(3.0)
    assert watch.glance(run).value == pytest.approx(3.0)
    assert watch.decide(run, 3.1)[1] == "accept"
    assert watch.decide(run, 2.9)[1] == "reject"
    ratio, own, verdict = watch.decide_ratio(run, other, 0.8)
    assert (ratio.value, own.value, verdict) == (0.75, pytest.approx(3.0), "accept")
    ((ms, share),) = watch.together([run], other, turns=30, least_s=0)
    assert (ms.value, share.value) == (pytest.approx(3.0), 0.75)


def test_a_reference_seen_while_the_machine_was_slow_still_counts():
    machine = Machine(1.3)
    watch, run, other = machine.watch(), machine.run(3.0), machine.run(4.0)
    seen = watch.glance(other)
    machine.slowness = 0.8
    ratio, _, verdict = watch.decide_ratio(run, other, 0.85, seen=seen)
    assert (ratio.value, ratio.samples, verdict) == (pytest.approx(0.75), 12, "accept")


def test_the_pacemaker_is_looked_at_for_a_tenth_of_the_time():
    machine = Machine()
    pace = machine.watch(usual_ms=2.0).pace
    assert len(pace.samples()) == 3
    assert len(pace.samples(beside_ms=400.0)) == 20


def test_a_figure_over_several_builds():
    machine = Machine(1.25)
    built = iter([3.0, 5.0, 3.2, 3.1, 2.9, 3.3, 3.1])  # where a build lies makes it slow
    found = time_builds(
        machine.watch(),
        [lambda: machine.run(next(built)), lambda: machine.run(6.2)],
        builds=7,
        build_s=0,
    )
    time = found.time()
    assert (time.value, time.low, time.high) == (
        pytest.approx(3.1),
        pytest.approx(2.9),
        pytest.approx(5.0),
    )
    assert found.raw_ms() == pytest.approx(3.1 * 1.25)
    assert found.pace == pytest.approx(1.25)
    assert found.ratio().value == pytest.approx(0.5)
    assert (len(found.built), time.samples, time.quantile) == (7, 42, 0.0)


def test_samples_are_spread_over_the_builds():
    machine = Machine()
    found = time_builds(
        machine.watch(), [lambda: machine.run(1.0)], builds=4, repeats=90, build_s=0
    )
    assert 90 <= found.time().samples < 120


def test_without_a_usual_pace_figures_are_the_clocks_own():
    machine = Machine(1.25)
    watch = replace(machine.watch(), pace=None)
    found = time_builds(watch, [lambda: machine.run(3.0)], builds=3, build_s=0)
    assert (found.time().value, found.raw_ms(), found.pace) == (3.75, 3.75, None)


def test_slow_networks_are_built_less_often_but_five_times(monkeypatch):
    machine = Machine()
    found = time_builds(machine.watch(), [lambda: machine.run(9.0)], build_s=0, most_s=0)
    assert len(found.built) == builds_module._FEWEST_BUILDS == 5


@pytest.mark.parametrize(
    ("limit", "builds", "verdict"),
    [(4.0, 6, "accept"), (2.0, 6, "reject"), (3.0, 10, "measure more")],
)
def test_a_verdict_over_builds(limit, builds, verdict):
    machine = Machine()
    built = iter([2.9, 3.1] * 5)
    found, said = decide_builds(
        machine.watch(), [lambda: machine.run(next(built))], limit, builds=10, build_s=0
    )
    assert (len(found.built), said) == (builds, verdict)


def test_what_is_usual_is_measured_once(cache, monkeypatch):
    with one_thread():
        first = usual_pace(CPU, cache)
        monkeypatch.setattr(pace_module, "_measured", lambda clock: 99.0)
        again = usual_pace(CPU, cache)
        path = pace_file(cache, timing_machine(CPU))
    assert first.usual_ms == again.usual_ms == 0.75
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert first.clock(first.run) > 0


def test_where_nothing_can_be_kept_there_is_no_usual(cache):
    (cache / "file").write_text("")
    with one_thread():
        assert usual_pace(CPU, None) is None
        assert usual_pace(CPU, cache / "file") is None
    assert usual_pace(torch.device("cuda"), cache) is None


def test_the_first_of_two_processes_decides(cache, monkeypatch):
    with one_thread():
        machine = timing_machine(CPU)
        path = pace_file(cache, machine)

        def measured(clock):
            assert pace_module._keep(path, machine, 0.5) == 0.5  # another one, meanwhile
            return 0.75

        monkeypatch.setattr(pace_module, "_measured", measured)
        assert usual_pace(CPU, cache).usual_ms == 0.5


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (None, "a damaged file of this machine's usual pace"),
        ({"kind": "nas-tc time table"}, "a damaged file"),
        ({"format": 2}, "of format 2"),
        ({"usual_ms": -1}, "not a time: -1.0 ms"),
        ({"usual_ms": float("nan")}, "not a time: nan ms"),
        ({"usual_ms": [1]}, "a damaged file"),
        ({"machine": {"device": "Abacus 7"}}, "of another machine (device 'Abacus 7'"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(cache, change, complaint):
    with one_thread():
        usual_pace(CPU, cache)
        path = pace_file(cache, timing_machine(CPU))
        values = json.loads(path.read_text())
        path.write_text("{" if change is None else json.dumps({**values, **change}))
        with pytest.raises(TableError) as caught:
            usual_pace(CPU, cache)
    assert complaint in str(caught.value)
    assert "delete it, and it is measured again" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_the_pacemaker_is_measured_by_the_second_lowest_of_each(monkeypatch):
    machine = Machine()
    monkeypatch.setattr(pace_module, "_FRESH", 3)
    monkeypatch.setattr(pace_module, "_FRESH_S", 0)
    built = iter([7.0, 8.0, 9.0])
    monkeypatch.setattr(pace_module, "forward_pass", lambda _: machine.run(next(built)))
    assert pace_module._measured(machine.clock) == 8.0
