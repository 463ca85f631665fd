"""The file of the reference speed: measured once, lowered, refused if damaged."""

import json
import os

import pytest
import torch
from scripted_clocks import Machine

from nas_tc.errors import TableError
from nas_tc.timing import (
    ReferenceSpeed,
    find_reference_speed,
    one_thread,
    read_reference_speed,
    reference_speed_file,
    timing_machine,
)
from nas_tc.timing import reference_speed as speed_module

CPU = torch.device("cpu")
QUIET_MS = (0.75, 3.0, 10.0)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(speed_module, "_measure", lambda *_: QUIET_MS)
    return tmp_path


def test_the_reference_speed_is_measured_once(cache, monkeypatch):
    with one_thread():
        first = find_reference_speed(CPU, cache)
        monkeypatch.setattr(speed_module, "_measure", lambda *_: (9.0, 9.0, 9.5))
        again = find_reference_speed(CPU, cache)
        path = reference_speed_file(cache, timing_machine(CPU))
    assert first.quiet_ms == again.quiet_ms == QUIET_MS
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert first.clock(first.build(0)) > 0


def test_each_runtime_and_version_of_onnxruntime_has_a_reference_speed(cache, monkeypatch):
    pytest.importorskip("onnxruntime")
    taken = []

    def measured(speed, *_):
        taken.append(speed.build.keywords["runtime"])
        return tuple(len(taken) * ms for ms in QUIET_MS)

    monkeypatch.setattr(speed_module, "_measure", measured)
    monkeypatch.setattr(speed_module, "_is_quicker", lambda *_: False)
    with one_thread():
        by_torch = find_reference_speed(CPU, cache)
        by_ort = find_reference_speed(CPU, cache, "onnxruntime", brief=True)
        assert read_reference_speed(CPU, cache).quiet_ms == by_torch.quiet_ms == QUIET_MS
        again = read_reference_speed(CPU, cache, "onnxruntime")
        assert again.quiet_ms == by_ort.quiet_ms == tuple(2 * ms for ms in QUIET_MS)
        assert again.clock(again.build(0)) > 0
        monkeypatch.setattr(speed_module, "ort_version", lambda: "0.1")
        assert read_reference_speed(CPU, cache, "onnxruntime") is None
        third = find_reference_speed(CPU, cache, "onnxruntime")
        assert third.quiet_ms == tuple(3 * ms for ms in QUIET_MS)
    assert taken == ["torch", "onnxruntime", "onnxruntime"]


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


def test_a_brief_measurement_lasts_until_there_is_time_for_more(cache, monkeypatch):
    taken = []

    def measured(_clock, rebuilds, _rebuild_s):
        taken.append(rebuilds)
        return QUIET_MS

    monkeypatch.setattr(speed_module, "_measure", measured)
    with one_thread():
        for _ in range(2):  # a second worker of the search trusts the file, which is new
            find_reference_speed(CPU, cache, brief=True)
        path = reference_speed_file(cache, timing_machine(CPU))
        os.utime(path, (0, 0))
        find_reference_speed(CPU, cache, brief=True)  # a later search looks whether it still holds
        find_reference_speed(CPU, cache)
        find_reference_speed(CPU, cache)
    brief, look, full = 5, 3, 20
    assert taken == [brief, look, full, look]


def test_a_file_of_a_single_baseline_network_is_measured_again(cache):
    with one_thread():
        machine = timing_machine(CPU)
        path = reference_speed_file(cache, machine)
        path.parent.mkdir()
        old = {"kind": "nas-tc pace", "format": 1, "machine": machine, "usual_ms": 0.1}
        path.write_text(json.dumps(old))
        assert find_reference_speed(CPU, cache).quiet_ms == QUIET_MS
        assert json.loads(path.read_text())["calm_ms"] == list(QUIET_MS)


def test_a_file_that_cannot_be_written_is_not_measured_again(cache, monkeypatch):
    with one_thread():
        find_reference_speed(CPU, cache)
        monkeypatch.setattr(speed_module, "_can_be_written", lambda path: False)
        monkeypatch.setattr(speed_module, "_measure", None)
        assert (
            find_reference_speed(CPU, cache).quiet_ms
            == read_reference_speed(CPU, cache).quiet_ms
            == QUIET_MS
        )
        assert (
            read_reference_speed(CPU, cache / "elsewhere")
            is read_reference_speed(CPU, None)
            is None
        )


def test_a_clock_that_ticks_too_slowly_gives_no_reference_speed(cache, monkeypatch):
    monkeypatch.setattr(speed_module, "_measure", lambda *_: (0.0, 0.0, 10.0))
    with one_thread():
        assert find_reference_speed(CPU, cache) is None
        assert not reference_speed_file(cache, timing_machine(CPU)).exists()


def test_without_a_folder_there_is_no_reference_speed(cache):
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
            return QUIET_MS

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


def test_the_median_of_several_builds_counts(monkeypatch):
    machine = Machine()
    monkeypatch.setattr(speed_module, "BASELINES", ("small", "large"))
    built = iter([7.0, 20.0, 8.0, 30.0, 9.0, 10.0])
    speed = ReferenceSpeed((), machine.clock, lambda _kind: machine.run(next(built)))
    assert speed_module._measure(speed, 3, 0) == (8.0, 20.0)
