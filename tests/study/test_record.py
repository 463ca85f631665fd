"""The record of a study."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from nas_tc.errors import StudyError
from nas_tc.study import read_study


def test_a_study_is_read_as_it_was_written(study):
    read = read_study(study.path)
    assert read == study
    assert [trial.state for trial in read.trials] == [
        "complete", "complete", "complete", "pruned", "failed",
    ]  # fmt: skip
    assert read.done == 4  # the failed trial does not count
    assert [trial.number for trial in read.front] == [0, 1]
    assert read.best.number == 1
    assert read.objectives == ("error", "complexity")
    assert read.trials[0].test_error == 0.25
    assert read.trials[4].reason == "the worker died"


def test_reused_trials_do_not_count_towards_the_goal(study):
    first, *others = study.trials
    lent = replace(study, trials=(replace(first, reused="other.db#0"), *others))
    assert lent.done == study.done - 1


def test_a_trial_that_is_not_there(study):
    assert study.trial(4).number == 4
    with pytest.raises(StudyError, match=r"no trial 5; there are 0 to 4$"):
        study.trial(5)
    with pytest.raises(StudyError, match=r"no trial 0; there are none$"):
        replace(study, trials=()).trial(0)
    with pytest.raises(StudyError, match=r"no trial is complete yet; resume the search$"):
        _ = replace(study, trials=()).best
    with pytest.raises(StudyError, match="no study file"):
        read_study(study.path.with_name("other.db"))


def test_a_network_that_is_begun_while_the_study_is_read(study, tmp_path):
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(study.path)) as live, closing(sqlite3.connect(copy)) as database:
        live.backup(database)
        # Its state was read while it was queued, the rest of its rows after it had begun.
        database.execute("UPDATE trials SET state = 'WAITING' WHERE number = 4")
        database.commit()
    assert read_study(copy).trials[4].state == "running"
