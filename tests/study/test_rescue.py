"""What is whole in a damaged study is saved into a new one."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from damage import edit
from nas_tc.errors import StudyError
from nas_tc.study import read_study, weights_file
from nas_tc.study.rescue import rescue_study
from recording_listener import states


@pytest.fixture
def copied(study, tmp_path):
    """A copy of a study with its weights."""
    path = tmp_path / "digits.db"
    shutil.copy(study.path, path)
    shutil.copytree(study.path.with_suffix(""), tmp_path / "digits")
    return path


def test_a_whole_study_needs_no_rescue(copied):
    assert rescue_study(copied) is None
    assert not copied.with_name("digits-saved.db").exists()


def test_one_damaged_value_is_all_that_is_lost(copied, study):
    edit(copied, "complexity", "much", trial=0)  # a formula gives it again
    edit(copied, "reason", [1], trial=4)
    edit(copied, "test_errors", {"0": 0.25, "1": "bad"})
    before = copied.read_bytes()
    saved = rescue_study(copied)
    assert saved.lost == ()
    assert set(saved.dropped) == {
        "trial 0: complexity", "trial 4: reason", "study: 1 of test_errors",
    }  # fmt: skip
    assert saved.path.name == "digits-saved.db"
    record = read_study(saved.path)
    assert record == saved.record
    assert [t.architecture for t in record.trials] == [t.architecture for t in study.trials]
    assert [t.val_errors for t in record.trials] == [t.val_errors for t in study.trials]
    assert record.trials[0].complexity == study.trials[0].complexity
    assert [t.test_error for t in record.front] == [0.25, None]
    for trial in record.front:
        assert weights_file(saved.path, trial.number).is_file()
    assert copied.read_bytes() == before


def test_trials_keep_their_numbers(copied, study):
    edit(copied, "architecture", "none", trial=0)
    saved = rescue_study(copied)
    assert saved.lost == (0,)
    assert [(t.number, t.network) for t in saved.record.trials] == [
        (t.number, t.network) for t in study.trials[1:]
    ]


def test_a_trial_that_was_running_is_queued_again(tmp_path):
    path = tmp_path / "study.db"
    shutil.copy(Path(__file__).parents[1] / "compat" / "v0_1" / "study.db", path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE trials SET state = 'RUNNING' WHERE number = 9")
    edit(path, "train_s", "long", trial=4)
    saved = rescue_study(path)
    assert saved.dropped == ("trial 4: train_s",)
    assert states(saved.path) == {"COMPLETE": 7, "PRUNED": 2, "FAIL": 1, "WAITING": 1}


TABLES = (
    ("trial_user_attributes", "key, value_json"),
    ("trial_system_attributes", "key, value_json"),
    ("trial_params", "param_name, param_value, distribution_json"),
    ("trial_values", "objective, value, value_type"),
    ("trial_intermediate_values", "step, intermediate_value, intermediate_value_type"),
)


def grow(path, trials):
    """Adds trials like the first one, so that tables have several pages."""
    losses = "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (1, ?, ?)"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(losses, ("train_losses", '{"1": 2.0, "2": 1.5}'))
        for number in range(5, trials):
            row = number + 1
            database.execute(
                "INSERT INTO trials SELECT ?, ?, study_id, state, datetime_start, datetime_complete"
                " FROM trials WHERE trial_id = 1",
                (row, number),
            )
            for table, columns in TABLES:
                database.execute(
                    f"INSERT INTO {table} (trial_id, {columns}) "
                    f"SELECT {row}, {columns} FROM {table} WHERE trial_id = 1"
                )


@pytest.fixture(scope="module")
def grown(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("grown") / "digits.db"
    shutil.copy(study.path, path)
    grow(path, 60)
    assert len(read_study(path).complete) == 58
    return path


@pytest.mark.parametrize(("share", "least"), [(0.95, 50), (0.8, 40)])
def test_a_truncated_study_gives_what_its_pages_hold(grown, tmp_path, share, least):
    whole = grown.read_bytes()
    path = tmp_path / "digits.db"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(StudyError, match="the study is damaged"):
        read_study(path)
    saved = read_study(rescue_study(path).path)
    assert len(saved.complete) >= least
    assert {tuple(t.val_errors.items())[-1] for t in saved.complete[3:]} == {(2, 0.2)}


def test_a_page_of_noise_costs_its_rows_alone(grown, tmp_path):
    content = bytearray(grown.read_bytes())
    place = 4096 * (len(content) // 4096 - 3)
    content[place : place + 4096] = bytes(range(256)) * 16
    path = tmp_path / "digits.db"
    path.write_bytes(content)
    with pytest.raises(StudyError, match="the study is damaged"):
        read_study(path)
    assert len(rescue_study(path).record.complete) >= 30


def test_without_settings_the_networks_are_saved(copied, study):
    edit(copied, "nas_tc", "{", raw=True)
    saved = rescue_study(copied)
    assert saved.record is None
    assert saved.path.name == "digits-saved.csv"
    lines = saved.path.read_text().splitlines()
    assert lines[0] == "trial,state,network,val_error"
    assert len(lines) == 6
    assert study.trials[1].network in lines[2]


def test_what_cannot_be_rescued_is_said(copied, tmp_path):
    with pytest.raises(StudyError, match="no study file"):
        rescue_study(tmp_path / "none.db")
    edit(copied, "nas_tc", "{", raw=True)
    with pytest.raises(StudyError, match="is there already"):
        rescue_study(copied, copied)
    noise = tmp_path / "noise.db"
    noise.write_bytes(b"SQLite format 3\0" + os.urandom(9000))
    with pytest.raises(StudyError, match="nothing of it can be read"):
        rescue_study(noise)
    (tmp_path / "file").touch()
    with pytest.raises(StudyError, match="cannot write"):
        rescue_study(copied, tmp_path / "file" / "saved.csv")
