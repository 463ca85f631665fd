"""Tables of GPUs: how passes were launched, updates, and files of version 0.1."""

import json

import pytest
from layer_profiles import MACHINE, SMALL, profile

from nas_tc.errors import TableError
from nas_tc.latency import TimeTable
from nas_tc.timing import Setting

GPU = {**MACHINE, "device": "Abacus 9", "cuda": "12.8"}
REPLAYED, EAGER = Setting(), Setting(eager=True)
STEP = Setting("train_step", 8)


def gpu_table():
    table = TimeTable(GPU)
    for setting, ms in ((REPLAYED, 1.0), (EAGER, 3.0), (STEP, 5.0)):
        table.of(setting).add(SMALL, profile(SMALL, ms))
    return table


def test_replayed_and_eager_times_never_mix(tmp_path):
    gpu_table().write(path := tmp_path / "table.json")
    TimeTable(GPU).write(path)  # merged with what is there
    found = TimeTable.read(path)
    assert set(found.times) == {REPLAYED, EAGER, STEP}
    layers = len(profile(SMALL).layers)
    assert found.of(REPLAYED).predict(SMALL).ms == pytest.approx(layers)
    assert found.of(EAGER).predict(SMALL).ms == pytest.approx(3 * layers)
    values = json.loads(path.read_text())
    assert values["format"] == 2  # which version 0.1 would take for its own eager times
    assert [each["launch"] for each in values["times"]] == ["replay", "eager", "replay"]


def test_updates_are_kept(tmp_path):
    table = TimeTable(GPU)
    table.of(STEP).updates.append((1000, 12, 0.25))
    table.write(path := tmp_path / "table.json")
    assert list(TimeTable.read(path).of(STEP).updates) == [(1000, 12, 0.25)]


def test_times_of_gpus_by_version_0_1_are_eager_and_its_training_steps_are_left_out(tmp_path):
    gpu_table().write(path := tmp_path / "table.json")
    values = json.loads(path.read_text())
    values["format"] = 1
    values["times"] = [each for each in values["times"] if each["launch"] == "replay"]
    for each in values["times"]:
        del each["launch"]
    path.write_text(json.dumps(values))
    found = TimeTable.read(path)
    assert set(found.times) == {EAGER}
    assert not found.of(REPLAYED).layers


def test_tables_of_processors_stay_as_they_are(tmp_path):
    table = TimeTable(MACHINE)
    table.of(STEP).add(SMALL, profile(SMALL))
    table.write(path := tmp_path / "table.json")
    values = json.loads(path.read_text())
    assert values["format"] == 1
    assert not {"launch", "updates"} & set(values["times"][0])


def test_times_in_tf32_are_not_mixed_with_others(tmp_path):
    TimeTable({**GPU, "tf32": "convolutions"}).write(path := tmp_path / "table.json")
    with pytest.raises(TableError, match="tf32 'convolutions', here 'none'"):
        TimeTable({**GPU, "tf32": "none"}).write(path)
