"""A search under limits on time: what is too slow is remembered, and no result."""

import json
from dataclasses import replace

import pytest
import torch

from nas_tc.errors import BudgetError, StudyError, TableError
from nas_tc.latency import TimeTable, calibrate
from nas_tc.report import front_table, trials_table, write_report
from nas_tc.search.time_judge import TimeJudge
from nas_tc.study import objective, pareto_front, read_study, weights_file
from nas_tc.study.front import near_front
from nas_tc.study.storage import check_settings
from nas_tc.timing import Setting, one_thread
from nas_tc.worker import worker as worker_module

GENEROUS = "latency<=(3,64)x3*50, complexity<=400k"


def test_times_are_recorded_and_the_front_is_of_them(tiny_search, tmp_path):
    record = tiny_search(GENEROUS)
    assert record.objectives == ("error", "latency")
    assert len(record.complete) + sum(t.state == "pruned" for t in record.trials) == 6
    for trial in record.complete:
        figure = trial.times["latency"]
        assert 0 < figure["low_ms"] <= figure["ms"] <= figure["high_ms"]
        assert 0 < figure["ratio_low"] <= figure["ratio"] <= figure["ratio_high"]
        assert figure["verdict"] == "accept"
        assert figure["repeats"] >= 6
        assert trial.timing_s > 0
    for trial in record.front:  # timed with care in the end
        assert trial.timed_again
        assert trial.times["latency"]["repeats"] >= 30
    again = sum(trial.timed_again for trial in record.trials)
    timed = sum(trial.timing_s is not None for trial in record.trials)  # a network counts once
    before = record.timing["networks"] - timed - 1 - again  # and the cheapest
    assert 3 <= before <= 16  # to learn what takes how long
    assert 0 < record.timing["timing_s"] < record.timing["search_s"]
    assert record.front == pareto_front(record.complete, ("error", "latency"))
    near = near_front(record.complete, record.objectives, 3)
    assert {file.name for file in record.weights_folder.iterdir()} == {
        weights_file(record.path, trial.number).name for trial in near
    }
    assert all(trial.test_error is not None for trial in record.front)
    table = front_table(record)
    assert table["latency_ms"].tolist() == [t.times["latency"]["ms"] for t in record.front]
    assert {"latency_low_ms", "latency_verdict"} <= set(trials_table(record))
    write_report(record, tmp_path / "two")
    write_report(record, tmp_path / "three", ("error", "params", "latency"))
    manifest = json.loads((tmp_path / "three" / "manifest.json").read_text())
    assert manifest["objectives"] == ["error", "params", "latency"]
    again = tiny_search(GENEROUS)  # resumes, and times nothing
    assert [t.number for t in again.trials] == [t.number for t in record.trials]


def test_what_the_clock_rejects_is_remembered_and_counts_for_nothing(
    tiny_search, tiny, monkeypatch
):
    """No network of the space is so slow; predictions are put aside."""
    monkeypatch.setattr(TimeJudge, "admits", lambda *_: True)
    first, second = tiny.stages
    few = replace(
        tiny, stages=(replace(first, width=(4,)), replace(second, width=(8,), depth=(1,)))
    )
    record = tiny_search("latency in 100s..200s", trials=2, study="none.db", space=few)
    assert len(record.trials) == 8
    assert record.done == 0
    assert {trial.state for trial in record.trials} == {"rejected"}
    assert all("is not within" in trial.reason for trial in record.trials)
    networks = [trial.architecture for trial in record.trials]
    assert len(set(networks)) == len(networks)
    assert record.front == ()


def test_a_budget_of_no_time_at_all_is_refused(tiny_search):
    with pytest.raises(BudgetError, match="no network of the space 'tiny' is within"):
        tiny_search("latency in 100s..200s", study="slow.db")  # so slow is none by prediction
    with pytest.raises(BudgetError, match="no network is within 'latency<=1us'"):
        tiny_search("latency<=1us", study="quick.db")


def test_the_table_of_another_device_decides_without_a_clock(
    tiny_search, tiny, tmp_path, monkeypatch
):
    device = torch.device("cpu")
    with one_thread():
        table = TimeTable.here(device)
        list(calibrate(table.of(Setting()), tiny, Setting(), device, networks=12))
    table.machine["device"] = "Abacus 7"
    path = tmp_path / "abacus.json"
    table.write(path)
    monkeypatch.setattr(worker_module, "measure", None)
    record = tiny_search("latency<=10s on cuda", study="other.db", time_table=path, trials=3)
    assert record.done == 3
    for trial in record.trials:
        figure = trial.times["latency"]
        assert figure["verdict"] == "predicted"
        assert objective(trial, "latency") == figure["predicted_ms"] > 0
    assert record.settings["budget"]["time_table"] == "Abacus 7"
    with pytest.raises(StudyError, match="another search"):  # measured is another thing
        tiny_search("latency<=10s", study="other.db", trials=3)


@pytest.mark.parametrize(
    ("budget", "table", "error", "complaint"),
    [
        ("400k", "none.json", BudgetError, "limits no time"),
        ("latency<=1s", "none.json", TableError, "cannot read the time table"),
        ("latency<=1s on cuda", None, BudgetError, "the search runs on cpu"),
        ("latency<=J*0.5", None, BudgetError, "cannot be built on 16x16 images"),
    ],
)
def test_limits_that_a_search_refuses(tiny_search, tmp_path, budget, table, error, complaint):
    where = None if table is None else tmp_path / table
    with pytest.raises(error, match=complaint):
        tiny_search(budget, time_table=where, device="cpu")


def test_other_limits_on_time_are_another_search(tiny_search, tmp_path):
    tiny_search(GENEROUS, trials=1, study="kept.db")
    path = tmp_path / "kept.db"
    kept = dict(read_study(path).settings)
    check_settings(path, kept)
    times = [{**kept["budget"]["times"][0], "most": 49.0}]
    with pytest.raises(StudyError, match="budget"):
        check_settings(path, {**kept, "budget": {**kept["budget"], "times": times}})
