"""Whole searches: real digits, real SQLite, real Ray."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter

import optuna
import pytest
import torch
from safetensors.torch import load_file

import nas_tc
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity, network_cost
from nas_tc.data import load_data
from nas_tc.errors import BudgetError, DataError, DeviceError, NasTcError, StudyError
from nas_tc.module import build
from nas_tc.search import pool as pool_module
from nas_tc.search import read_study, study_folder, weights_file
from nas_tc.search.driver import Driver
from nas_tc.search.front import near_front
from nas_tc.search.storage import lock_study, open_study
from nas_tc.training import Images, error_rate


class Ear:
    """A listener that remembers, and may do something at each end of a trial."""

    def __init__(self, at_end=None):
        self.notes, self.last, self.ends, self.at_end = [], None, [], at_end

    def note(self, text):
        self.notes.append(text)

    def progress(self, progress):
        self.last = progress

    def ended(self, trial):
        self.ends.append(trial)
        if self.at_end:
            self.at_end(len(self.ends))


def states(path):
    study = optuna.load_study(study_name="nas-tc", storage=f"sqlite:///{path}")
    return Counter(trial.state.name for trial in study.trials)


def test_a_search_from_budget_to_front(tiny_search, tmp_path):
    ear = Ear()
    record = tiny_search(listener=ear, workers=2)
    assert record.done == 6 == len(ear.ends) == ear.last.done
    assert len({trial.architecture for trial in record.trials}) == 6
    for trial in record.trials:
        cost = network_cost(trial.architecture)
        assert trial.complexity == cost.complexity <= 400_000
        assert trial.params == cost.params
        assert trial.state in ("complete", "pruned")
        assert set(trial.val_errors) <= {1, 2}
    assert record.front
    errors = [trial.val_error for trial in record.front]
    assert errors == sorted(errors, reverse=True)
    assert record.best is record.front[-1]
    assert all(0 <= trial.test_error <= 1 for trial in record.front)
    assert all(t.test_error is None for t in record.trials if t not in record.front)
    assert record == read_study(tmp_path / "study.db")
    assert "budget: 400,000 multiply-adds" in ear.notes[1]


def test_weights_are_those_near_the_front_and_give_its_errors(tiny_search, tmp_path):
    record = tiny_search()
    files = {file.name for file in record.weights_folder.iterdir()}
    kept = near_front(record.complete, record.objectives, 3)
    assert files == {weights_file(record.path, t.number).name for t in kept}
    data = load_data("digits", side=(16, 16))
    best = record.best
    network = build(best.architecture)
    network.load_state_dict(load_file(weights_file(record.path, best.number)))
    for split, expected in ((data.validation, best.val_error), (data.test, best.test_error)):
        images = Images(torch.from_numpy(split.images), torch.from_numpy(split.labels))
        assert error_rate(network, images) == expected


def test_running_it_again_resumes(tiny_search):
    first = tiny_search(trials=3)
    ear = Ear()
    second = tiny_search(trials=6, listener=ear)
    assert [t.architecture for t in second.trials[:3]] == [t.architecture for t in first.trials]
    assert [t.val_errors for t in second.trials[:3]] == [t.val_errors for t in first.trials]
    assert (first.done, second.done, len(ear.ends)) == (3, 6, 3)
    assert any("3 trials are there, going on to 6" in note for note in ear.notes)
    third = tiny_search(trials=6, listener=(ear := Ear()))
    assert third.trials == second.trials
    assert any("nothing is left to train" in note for note in ear.notes)


def test_the_same_seed_gives_the_same_search(tiny_search):
    one = tiny_search(study="a.db")
    two = tiny_search(study="b.db")
    other = tiny_search(study="c.db", seed=1)
    assert [(t.network, t.val_errors) for t in one.trials] == [
        (t.network, t.val_errors) for t in two.trials
    ]
    assert [t.network for t in one.trials] != [t.network for t in other.trials]


def test_ctrl_c_loses_nothing(tiny_search, tmp_path):
    def interrupt(ended):
        if ended == 2:
            raise KeyboardInterrupt

    record = tiny_search(listener=Ear(interrupt), workers=2)
    assert record.interrupted
    assert record.done == 2
    assert states(tmp_path / "study.db")["RUNNING"] == 0
    in_flight = {t.architecture for t in record.trials if t.state == "failed"}
    whole = tiny_search()
    assert not whole.interrupted
    assert whole.done == 6
    done = [t.architecture for t in whole.trials if t.state in ("complete", "pruned")]
    assert len(set(done)) == 6
    assert in_flight <= set(done)  # what was in flight was run again
    assert states(tmp_path / "study.db").keys() <= {"COMPLETE", "PRUNED", "FAIL"}


def test_trials_that_a_killed_search_left_running_are_run_again(tiny_search, tmp_path):
    tiny_search(trials=2)
    # What kill -9 leaves behind: a trial that was training, and one that was being asked for.
    with sqlite3.connect(tmp_path / "study.db") as database:
        database.execute("UPDATE trials SET state = 'RUNNING' WHERE number = 1")
        database.execute("INSERT INTO trials (number, study_id, state) VALUES (2, 1, 'RUNNING')")
    record = tiny_search(trials=4)
    assert states(tmp_path / "study.db")["RUNNING"] == 0
    assert record.done == 4
    rerun = [t for t in record.trials if t.architecture == record.trials[1].architecture]
    cut_off, again = rerun
    assert cut_off.state == "failed"
    assert again.state in ("complete", "pruned")
    assert again.val_errors == cut_off.val_errors  # the same seed, so the same result


def test_a_worker_that_dies_is_replaced_and_its_network_tried_again(tiny_search, monkeypatch):
    killed = []
    begin = pool_module.Pool.begin

    def begin_and_die(self, number, architecture, seed):
        begin(self, number, architecture, seed)
        if len(killed) < 1:
            killed.append(architecture)
            pool_module.ray.kill(self._busy[number])

    monkeypatch.setattr(pool_module.Pool, "begin", begin_and_die)
    record = tiny_search()
    assert record.done == 6
    failed = [t for t in record.trials if t.state == "failed"]
    assert [t.architecture for t in failed] == killed
    assert "the worker died" in failed[0].reason
    assert killed[0] in {t.architecture for t in record.trials if t.state != "failed"}


def test_networks_that_diverge_are_stopped_with_the_reason(tiny_search):
    record = tiny_search(learning_rate=1e20, trials=2)
    assert [t.state for t in record.trials] == ["pruned", "pruned"]
    assert all("the loss is nan" in t.reason for t in record.trials)
    assert all(t.val_errors == {} for t in record.trials)  # no error that nobody measured
    assert record.front == ()
    with pytest.raises(StudyError, match="no trial is complete yet"):
        _ = record.best


def test_networks_that_cannot_be_trained_end_the_search(tiny_search, monkeypatch, tmp_path):
    begin = pool_module.Pool.begin
    monkeypatch.setattr(
        pool_module.Pool,
        "begin",
        lambda self, number, architecture, seed: begin(self, number, architecture, -(2**70)),
    )
    with pytest.raises(StudyError, match="5 networks in a row could not be trained, the last: "):
        tiny_search(trials=20)
    assert states(tmp_path / "study.db")["FAIL"] == 5


def test_a_space_with_fewer_networks_than_trials(tiny_search):
    ear = Ear()
    record = tiny_search(budget="20k", trials=500, epochs=1, listener=ear)
    assert 1 <= record.done < 500
    assert f"no other network within the budget: {record.done} are trained" in ear.notes[-1]


def test_a_study_of_another_search_is_refused(tiny_search):
    record = tiny_search(trials=1)
    for change, complaint in (
        ({"budget": "300k"}, r"budget: 400k \(400,000 multiply-adds\) against 300k"),
        ({"train_images": 500}, "data: digits .*1,079 training images.* against digits .*500"),
        ({"epochs": 3}, "recipe: epochs 2 against 3"),
        ({"augment": "crop"}, r"recipe: augment \[\] against \['crop'\]"),
        ({"seed": 1}, "seed: 0 against 1"),
    ):
        with pytest.raises(StudyError, match=complaint):
            tiny_search(trials=2, **change)
    assert read_study(record.path).trials == record.trials


def test_a_study_of_another_space_is_refused(tiny_search, tiny):
    tiny_search(trials=1)
    import dataclasses

    wider = dataclasses.replace(tiny.stages[0], width=(4, 8, 24))
    changed = dataclasses.replace(tiny, stages=(wider, *tiny.stages[1:]))
    with pytest.raises(StudyError, match="space: tiny has changed"):
        tiny_search(trials=2, space=changed)
    renamed = dataclasses.replace(tiny, name="other")
    assert tiny_search(trials=1, space=renamed).done == 1  # only its name is another


@pytest.mark.parametrize("content", [b"hello", os.urandom(5000), b"SQLite format 3\0 and then?"])
def test_a_file_that_is_not_a_study_is_left_alone(tiny_search, tmp_path, content):
    path = tmp_path / "study.db"
    path.write_bytes(content)
    with pytest.raises(StudyError, match="not a study of nas-tc"):
        tiny_search()
    with pytest.raises(StudyError, match="not a study of nas-tc"):
        read_study(path)
    assert path.read_bytes() == content


def test_other_databases_are_left_alone(tiny_search, tmp_path):
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    optuna.create_study(study_name="mine", storage=storage)
    with pytest.raises(StudyError, match="not a study of nas-tc"):
        tiny_search()
    with pytest.raises(StudyError, match="no study file"):
        read_study(tmp_path / "none.db")


def test_a_study_of_the_future_is_refused(tiny_search):
    record = tiny_search(trials=1)
    with sqlite3.connect(record.path) as database:
        newer = json.dumps({**record.settings, "format": 99})
        database.execute(
            "UPDATE study_user_attributes SET value_json = ? WHERE key = 'nas_tc'", (newer,)
        )
    with pytest.raises(StudyError, match="made by a newer nas-tc"):
        read_study(record.path)


def test_a_study_that_was_killed_while_it_was_made_is_a_new_one(tiny_search, tmp_path):
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    optuna.create_study(study_name="nas-tc", storage=storage)
    with pytest.raises(StudyError, match="the study is empty"):
        read_study(tmp_path / "study.db")
    assert tiny_search(trials=1).done == 1


@pytest.mark.parametrize("name", ["q?x.db", "p%41.db", "a b#c.sqlite", "no_suffix"])
def test_studies_with_odd_names(study, tmp_path, name):
    path = tmp_path / name
    with lock_study(path), open_study(path, dict(study.settings)) as opened:
        opened.set_user_attr("test_errors", {"0": 5})
    assert {p.name for p in tmp_path.iterdir()} == {name, f"{name}.lock"}
    assert read_study(path).settings == study.settings


def test_no_two_studies_share_a_folder(tmp_path):
    names = ("x.db", "x.sqlite", "x", "x.db.db", "x.sqlite.db")
    assert len({study_folder(tmp_path / name) for name in names}) == len(names)


def test_a_study_must_have_room_for_its_folder(tiny_search, tmp_path):
    (tmp_path / "study").write_text("mine")
    with pytest.raises(StudyError, match="study is a file, but the weights and the report"):
        tiny_search()
    for nowhere in (".", "", str(tmp_path)):
        with pytest.raises(StudyError, match="the study must be a file"):
            tiny_search(study=nowhere)


def test_an_empty_file_is_a_new_study(tiny_search, tmp_path):
    (tmp_path / "study.db").touch()
    with pytest.raises(StudyError, match="the study is empty"):
        read_study(tmp_path / "study.db")
    assert tiny_search(trials=1).done == 1


def test_a_study_in_use_is_refused(tiny_search, tmp_path):
    with (
        lock_study(tmp_path / "study.db"),
        pytest.raises(StudyError, match="another search is writing this study"),
    ):
        tiny_search()


def test_what_is_wrong_is_said_before_any_training(tiny_search, monkeypatch):
    def no_pool(*_, **__):
        pytest.fail("a worker was started")

    monkeypatch.setattr("nas_tc.search.api.Pool", no_pool)
    for change, error, complaint in (
        ({"budget": "5k"}, BudgetError, "the cheapest, .* raise the budget to at least"),
        ({"budget": "alexnt"}, NasTcError, "did you mean 'alexnet'"),
        ({"space": "plain"}, NasTcError, "unknown space 'plain'"),
        ({"data": "mnist"}, NasTcError, "unknown data 'mnist'"),
        ({"device": "tpu"}, NasTcError, "unknown device 'tpu'"),
        ({"trials": 0}, NasTcError, "trials must be 1 or more"),
        ({"workers": 0}, NasTcError, "workers must be 1 or more"),
        ({"seed": -1}, NasTcError, "seed must be 0 to 32767"),
        ({"augment": "spin"}, NasTcError, "unknown augmentation 'spin'"),
        ({"epochs": 0}, NasTcError, "epochs must be 1 or more"),
        ({"train_images": 5}, DataError, "choose from 10"),
    ):
        with pytest.raises(error, match=complaint):
            tiny_search(**change)


def test_more_workers_than_the_cluster_has(tiny_search):
    with pytest.raises(DeviceError, match="--workers 50: Ray has 2 CPUs"):
        tiny_search(workers=50)


def test_a_budget_that_does_not_bind_is_said_to(tiny_search):
    ear = Ear()
    tiny_search(budget="1G", trials=1, listener=ear)
    assert "the budget does not bind" in ear.notes[2]


def test_a_reference_is_taken_at_the_size_of_the_data(tiny_search):
    ear = Ear()
    record = tiny_search(budget="alexnet@32*0.05", trials=1, listener=ear)
    limit = resolve_budget(parse_budget("alexnet@32*0.05"), (1, 16, 16))
    assert record.settings["budget"]["complexity"] == limit.complexity
    assert "alexnet at 3x32x32 has" in ear.notes[1]
    assert complexity(record.trials[0].architecture) <= limit.complexity


@pytest.mark.parametrize("moment", range(3))
def test_a_signal_in_a_transaction_waits_for_its_end(
    tiny_search, tmp_path, monkeypatch, heeds_ctrl_c, moment
):
    """Wherever Python is when Ctrl-C comes, the study is not left in the middle of something."""
    steps = [
        (optuna.Study, "ask"),
        (optuna.Study, "tell"),
        (Driver, "_keep_weights"),
    ]
    owner, name = steps[moment]
    original = getattr(owner, name)

    def signalled(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGINT)
        result = original(*args, **kwargs)
        finished.append(name)
        return result

    finished = []
    monkeypatch.setattr(owner, name, signalled)
    record = tiny_search(workers=1)
    assert record.interrupted
    assert finished
    assert states(tmp_path / "study.db")["RUNNING"] == 0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_polite_kill_ends_a_search_as_ctrl_c_does(tmp_path):
    command = [
        *(sys.executable, "-m", "nas_tc.cli", "search", "--budget", "alexnet*0.05"),
        *("--trials", "300", "--epochs", "1", "--study", str(tmp_path / "study.db")),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    for line in process.stdout:
        if line.startswith("trial "):
            process.send_signal(signal.SIGTERM)
            break
    out, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "report: " in out
    assert err.splitlines() == ["stopped; run the same command again to go on"]
    assert states(tmp_path / "study.db")["RUNNING"] == 0


@pytest.mark.faults
def test_kill_9_of_the_driver(tmp_path):
    """Twenty times, at another moment each: no trial is lost, none is left running."""
    command = [
        *(sys.executable, "-m", "nas_tc.cli", "search", "--budget", "alexnet*0.2"),
        *("--trials", "12", "--epochs", "2", "--study", str(tmp_path / "study.db")),
    ]
    before: set[str] = set()
    for attempt in range(20):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(6 + attempt * 0.37)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(2)
        try:
            record = read_study(tmp_path / "study.db")
        except StudyError:
            continue
        done = {t.architecture.id for t in record.trials if t.state in ("complete", "pruned")}
        assert before <= done
        before = done
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    record = read_study(tmp_path / "study.db")
    done = [t.architecture.id for t in record.trials if t.state in ("complete", "pruned")]
    assert len(done) == len(set(done)) == 12
    assert before <= set(done)
    assert states(tmp_path / "study.db").keys() <= {"COMPLETE", "PRUNED", "FAIL"}


def test_the_package_can_be_called_and_looked_into():
    assert callable(nas_tc.search)
    assert nas_tc.search.ParetoPruner.__name__ == "ParetoPruner"
