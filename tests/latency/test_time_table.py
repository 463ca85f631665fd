"""The file of layer times: read, merged, rescaled, refused if damaged."""

import json

import pytest
import torch
from layer_profiles import MACHINE, SMALL, profile

from nas_tc.errors import TableError
from nas_tc.latency import (
    TimeTable,
    default_table,
    signatures_of,
)
from nas_tc.timing import Setting, one_thread

OTHER = SMALL.at((3, 32, 32))


def test_a_table_comes_back_from_its_file(tmp_path):
    path = tmp_path / "deep" / "table.json"
    table = TimeTable(MACHINE)
    table.of(Setting()).add(SMALL, profile(SMALL, 0.25, overhead=0.125))
    table.of(Setting()).add_check(1.0, 1.5)
    table.of(Setting("train_step", 64, "bf16")).add(SMALL, profile(SMALL))
    table.write(path)
    found = TimeTable.read(path)
    assert found.machine == MACHINE
    assert found.times.keys() == table.times.keys()
    for setting, times in table.times.items():
        there = found.times[setting]
        assert there.layers == times.layers
        assert list(there.totals) == list(times.totals)
        assert list(there.checks) == list(times.checks)
        assert there.networks == {SMALL.id}
        assert there.predict(SMALL) == times.predict(SMALL)
    assert [each.name for each in path.parent.iterdir()] == ["table.json"]


def test_times_by_onnxruntime_are_of_one_version(tmp_path, monkeypatch):
    path, setting = tmp_path / "table.json", Setting(dtype="int8", runtime="onnxruntime")
    with one_thread():
        table = TimeTable.here(torch.device("cpu"))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)  # of whoever reads it
    table.of(Setting()).add(SMALL, profile(SMALL))
    table.of(setting).add(SMALL, profile(SMALL))
    monkeypatch.setattr("nas_tc.latency.time_table.ort_version", lambda: "1.2.3")
    table.write(path)
    assert TimeTable.read(path).times.keys() == {Setting(), setting}
    assert len(json.loads(path.read_text())["times"]) == 1  # all that earlier versions read
    monkeypatch.setattr("nas_tc.latency.time_table.ort_version", lambda: None)
    assert setting in TimeTable.read(path).times  # on a machine without it, for predictions
    monkeypatch.setattr("nas_tc.latency.time_table.ort_version", lambda: "1.3.0")
    assert TimeTable.read(path).times.keys() == {Setting()}


def test_times_of_another_machine_are_kept_whatever_version_is_here(tmp_path, monkeypatch):
    path, setting = tmp_path / "table.json", Setting(runtime="onnxruntime")
    monkeypatch.setattr("nas_tc.latency.time_table.ort_version", lambda: "1.2.3")
    table = TimeTable({**MACHINE, "device": "another processor"})
    table.of(setting).add(SMALL, profile(SMALL))
    table.write(path)
    monkeypatch.setattr("nas_tc.latency.time_table.ort_version", lambda: "1.3.0")
    found = TimeTable.read(path)
    assert found.of(setting).predict(SMALL).ms > 0
    assert found.of(setting).runtime_version == "1.2.3"


def test_times_of_a_board_are_of_its_own_version(tmp_path, monkeypatch):
    path, setting = tmp_path / "table.json", Setting(runtime="onnxruntime")
    monkeypatch.setattr("nas_tc.latency.time_table.ort_version", lambda: "1.3.0")
    table = TimeTable({**MACHINE, "torch": None})
    table.of(setting).runtime_version = "1.1.0"
    table.of(setting).add(SMALL, profile(SMALL))
    table.write(path)
    found = TimeTable.read(path)
    assert found.of(setting).runtime_version == "1.1.0"
    assert found.of(setting).networks == {SMALL.id}
    newer = TimeTable(found.machine)
    newer.of(setting).runtime_version = "1.2.0"
    newer.of(setting).add(OTHER, profile(OTHER))
    newer.write(path)  # what another version measured is no longer true
    assert TimeTable.read(path).of(setting).networks == {OTHER.id}


def test_what_others_added_meanwhile_is_kept(tmp_path):
    path = tmp_path / "table.json"
    ours, theirs = TimeTable(MACHINE), TimeTable(MACHINE)
    ours.of(Setting()).add(SMALL, profile(SMALL))
    theirs.of(Setting()).add(OTHER, profile(OTHER))
    theirs.of(Setting(batch=2)).add(OTHER, profile(OTHER))
    theirs.write(path)
    ours.write(path)
    found = TimeTable.read(path)
    assert found.of(Setting()).networks == {SMALL.id, OTHER.id}
    assert not found.of(Setting()).untimed(OTHER)
    assert not found.of(Setting(batch=2)).untimed(OTHER)


def test_a_table_is_rescaled_to_another_reference_speed(tmp_path):
    path = tmp_path / "table.json"
    table = TimeTable(MACHINE, quiet_ms={"torch": (1.0, 4.0, 12.0)})
    slow, quick = table.of(Setting(batch=9)), table.of(Setting())
    slow.add(SMALL, profile(SMALL, ms=3.0))
    quick.add(SMALL, profile(SMALL, ms=0.1))
    quick.add_check(0.5, 0.6)
    table.write(path)
    found = TimeTable.read(path)
    assert found.quiet_ms == {"torch": (1.0, 4.0, 12.0)}
    found.rescale_to(None)
    found.rescale_to((0.5, 4.0, 9.0))  # what takes 0.5 ms, and what takes 15 ms
    assert found.of(Setting()).predict(SMALL).ms == pytest.approx(0.05 * len(signatures_of(SMALL)))
    assert list(found.of(Setting()).checks) == [(0.25, pytest.approx(0.3))]
    assert found.of(Setting(batch=9)).predict(SMALL).ms == pytest.approx(
        2.25 * len(signatures_of(SMALL))
    )
    for each in found.of(Setting()).layers.values():
        assert each.ms == pytest.approx(0.05)
    TimeTable(MACHINE).write(path)  # without a reference_speed it keeps that of the file
    assert TimeTable.read(path).quiet_ms == {"torch": (1.0, 4.0, 12.0)}
    ours = TimeTable(MACHINE, quiet_ms={"torch": (2.0, 8.0, 24.0)})
    ours.write(path)  # takes in what is there, at its own reference_speed
    assert TimeTable.read(path).of(Setting()).predict(SMALL).ms == pytest.approx(
        0.2 * len(signatures_of(SMALL))
    )


def test_each_runtime_has_a_reference_speed(tmp_path, monkeypatch):
    monkeypatch.setattr("nas_tc.latency.time_table.ort_version", lambda: "1.20.0")
    path, by_ort = tmp_path / "table.json", Setting(runtime="onnxruntime")
    table = TimeTable(MACHINE, quiet_ms={"torch": (1.0, 4.0, 12.0)})
    table.of(Setting()).add(SMALL, profile(SMALL, ms=0.1))
    table.of(by_ort).add(SMALL, profile(SMALL, ms=0.1))
    table.write(path)
    assert by_ort not in TimeTable.read(path).times  # corrected by networks that torch ran
    table.rescale_to((0.5, 2.0, 8.0), "onnxruntime")
    table.write(path)
    found = TimeTable.read(path)
    assert found.quiet_ms == {"torch": (1.0, 4.0, 12.0), "onnxruntime": (0.5, 2.0, 8.0)}
    found.rescale_to((0.25, 1.0, 4.0), "onnxruntime")
    layers = len(signatures_of(SMALL))
    assert found.of(by_ort).predict(SMALL).ms == pytest.approx(0.05 * layers)
    assert found.of(Setting()).predict(SMALL).ms == pytest.approx(0.1 * layers)


def test_a_table_without_a_reference_speed_is_read(tmp_path):
    path = tmp_path / "table.json"
    small_table().write(path)
    values = json.loads(path.read_text())
    del values["calm_ms"]
    path.write_text(json.dumps(values))
    found = TimeTable.read(path)
    found.rescale_to((1.0, 2.0, 3.0))
    assert {each.ms for each in found.of(Setting()).layers.values()} == {1.0}


@pytest.mark.parametrize("quiet_ms", [[], [1.0, 2.0], [1.0, -2.0, 3.0], 7.0, ["a", 2, 3]])
def test_a_reference_speed_that_is_none_is_refused(tmp_path, quiet_ms):
    path = tmp_path / "table.json"
    small_table().write(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), "calm_ms": quiet_ms}))
    with pytest.raises(TableError, match="a damaged time table"):
        TimeTable.read(path)


def test_tables_of_two_machines_are_not_mixed(tmp_path):
    path = tmp_path / "table.json"
    TimeTable(MACHINE).write(path)
    with pytest.raises(TableError, match=r"another machine \(torch '2.13', here '2.14'\)"):
        TimeTable({**MACHINE, "torch": "2.14"}).write(path)


def small_table():
    table = TimeTable(MACHINE)
    table.of(Setting()).add(SMALL, profile(SMALL))
    return table


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "a damaged time table"),
        ('{"kind": "nas-tc ti', "a damaged time table"),
        ("[1, 2]", "not a time table of nas-tc"),
        ('{"format": 1}', "not a time table of nas-tc"),
        ('{"kind": "nas-tc time table", "format": 3}', "of format 3, this nas-tc reads 1 and 2"),
        ('{"kind": "nas-tc time table", "format": 1}', "a damaged time table (KeyError"),
        (("batch", 0), "a damaged time table"),
        (("what", "sideways"), "a damaged time table"),
        (("launch", "by hand"), "a damaged time table"),
        (("updates", [[1, 2]]), "a damaged time table"),
        (("updates", [[1, 2, -1.0]]), "not a time: -1.0 ms"),
        (("totals", [[1.0]]), "a damaged time table"),
        (("checks", [[1.0, "2"]]), "not a number of milliseconds"),
        (("layers", [["fc", "1x1x1>1x1x1", 1, 2, 3, -1.0, 1]]), "not a time: -1.0 ms"),
        (("layers", [["fc", "1x1x1>1x1x1", 1, 2, 3, float("nan"), 1]]), "not a time: nan ms"),
        (("layers", [["fc"]]), "a damaged time table"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_in_one_line(tmp_path, content, complaint):
    path = tmp_path / "table.json"
    if isinstance(content, tuple):
        small_table().write(path)
        values = json.loads(path.read_text())
        values["times"][0][content[0]] = content[1]
        content = json.dumps(values)
    path.write_text(content)
    with pytest.raises(TableError) as caught:
        TimeTable.read(path)
    assert complaint in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(TableError):  # and it is not written over
        small_table().write(path)


def test_a_file_that_is_not_there_or_cannot_be_written(tmp_path):
    with pytest.raises(TableError, match="cannot read the time table"):
        TimeTable.read(tmp_path / "none.json")
    with pytest.raises(TableError, match="cannot read the time table"):
        TimeTable.read(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(TableError, match="cannot write the time table"):
        small_table().write(tmp_path / "file" / "table.json")


def test_each_device_and_version_has_a_file_of_its_own(tmp_path):
    place = default_table(tmp_path, MACHINE)
    assert place == tmp_path / "times" / "Abacus-7-2.13-1.json"
    assert place != default_table(tmp_path, {**MACHINE, "torch": "2.13+cpu"})
