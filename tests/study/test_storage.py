"""The study file: opened by one search at a time, and only by the search that it belongs to."""

import os
import shutil
import sqlite3
from contextlib import closing
from functools import partial

import optuna
import pytest
import sqlalchemy

from nas_tc.errors import StudyError
from nas_tc.study import read_study
from nas_tc.study.attributes import ARCHITECTURE_KEY
from nas_tc.study.storage import _write_error, lock_study, requeue_running
from nas_tc.study.study_storage import StudyStorage


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


def test_a_study_must_have_room_for_its_folder(tiny_search, tmp_path):
    (tmp_path / "study").write_text("mine")
    with pytest.raises(StudyError, match="study is a file, but the weights and the report"):
        tiny_search()
    for nowhere in (".", "", str(tmp_path)):
        with pytest.raises(StudyError, match="the study must be a file"):
            tiny_search(study=nowhere)


def test_a_study_in_use_is_refused(tiny_search, tmp_path):
    with (
        lock_study(tmp_path / "study.db"),
        pytest.raises(StudyError, match="another search is writing this study"),
    ):
        tiny_search()


def test_what_was_queued_and_only_half_asked_for_is_queued_again(tiny):
    study = optuna.create_study()
    study.set_user_attr("nas_tc", {"space": tiny.to_dict()})
    values = {gene.name: gene.choices[0] for gene in tiny.genes}
    first = {tiny.genes[0].name: optuna.distributions.CategoricalDistribution([1, 2])}
    study.enqueue_trial(values)
    study.ask(first)  # killed before the second gene
    study.ask(first)  # the same, of what nobody has queued
    for _ in range(2):
        requeue_running(study)
        assert [t.state.name for t in study.trials] == ["FAIL", "FAIL", "WAITING"]
        assert study.trials[2].system_attrs["fixed_params"] == values


def test_the_only_network_of_a_space_is_queued_again():
    study = optuna.create_study()
    study.set_user_attr("nas_tc", {"space": {"stages": []}})  # no genes
    study.ask()
    for _ in range(2):
        requeue_running(study)
        assert [t.state.name for t in study.trials] == ["FAIL", "WAITING"]


def test_a_locked_database_is_not_a_full_disk(tmp_path, study, monkeypatch):
    path = tmp_path / "study.db"
    shutil.copy(study.path, path)
    impatient = partial(sqlite3.connect, timeout=0)  # the default waits for five seconds
    monkeypatch.setattr("nas_tc.study.files.sqlite3.connect", impatient)
    with closing(impatient(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StudyError, match="another program has locked it"):
            read_study(path)
        with pytest.raises(sqlite3.OperationalError) as raised, closing(impatient(path)) as own:
            own.execute("CREATE TABLE t (x)")
        error = sqlalchemy.exc.OperationalError("CREATE", None, raised.value)
        assert "another program has locked it (database is locked)" in _write_error(path, error)
    assert read_study(path).front


def test_a_path_that_is_no_text_is_refused(tmp_path, study):
    path = tmp_path / os.fsdecode(b"caf\xe9.db")
    shutil.copy(study.path, path)
    for opened in (lambda: read_study(path), lambda: lock_study(path).__enter__()):
        with pytest.raises(StudyError, match="the path of a study must be UTF-8"):
            opened()


def test_trials_that_have_ended_share_what_is_equal_and_those_that_wait_do_not(tmp_path):
    kind = optuna.distributions.CategoricalDistribution((1, 2))
    network = {"stages": [{"depth": 1, "pool": [2, 2]}, {"depth": True}]}
    url = f"sqlite:///{tmp_path / 's.db'}"
    study = optuna.create_study(storage=url, study_name="s")
    for value in (1, 2):
        study.enqueue_trial({"width": value})
        done = optuna.trial.create_trial(
            params={"width": value},
            distributions={"width": kind},
            value=0.5,
            user_attrs={ARCHITECTURE_KEY: network},
        )
        study.add_trial(done)
    storage = StudyStorage(optuna.storages.RDBStorage(url))
    study = optuna.load_study(storage=storage, study_name="s")
    queued, first, other, second = study.get_trials(deepcopy=False)
    assert first.distributions is second.distributions
    assert first.user_attrs == second.user_attrs == {ARCHITECTURE_KEY: network}
    stages = [each.user_attrs[ARCHITECTURE_KEY]["stages"] for each in (first, second)]
    assert all(one is another for one, another in zip(*stages, strict=True))
    study.ask().suggest_categorical("width", (1, 2))
    assert (queued.params, other.params, other.distributions) == ({"width": 1}, {}, {})
