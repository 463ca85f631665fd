"""Study files: which are gone on with, and which are refused and left alone."""

import json
import os
import sqlite3

import optuna
import pytest

from nas_tc.errors import StudyError
from nas_tc.study import read_study, study_folder
from nas_tc.study.storage import lock_study, open_study


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
        opened.set_user_attr("test_errors", {"0": 0.5})
    assert {p.name for p in tmp_path.iterdir()} == {name, f"{name}.lock"}
    assert read_study(path).settings == study.settings


def test_no_two_studies_share_a_folder(tmp_path):
    names = ("x.db", "x.sqlite", "x", "x.db.db", "x.sqlite.db")
    assert len({study_folder(tmp_path / name) for name in names}) == len(names)


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


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_truncated_study_is_called_damaged(study, tmp_path, share):
    whole = study.path.read_bytes()
    path = tmp_path / "cut.db"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(StudyError, match=r"cut\.db: the study is damaged .*; save what is whole"):
        read_study(path)
    path.write_bytes(b"a text")
    with pytest.raises(StudyError, match="not a study of nas-tc"):
        read_study(path)
