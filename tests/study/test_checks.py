"""Whatever somebody has put into a study: it is read, or refused in one line."""

import contextlib
import copy
import json
import shutil
from pathlib import Path

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from damage import damaged, edit, record_in_memory
from nas_tc.errors import NasTcError, StudyError
from nas_tc.metric import MultilabelConfusion
from nas_tc.recipe import Recipe
from nas_tc.report import majority_lines, recommended
from nas_tc.report.tables import front_table, trials_table
from nas_tc.report.write import manifest
from nas_tc.search.reruns import missing_reruns
from nas_tc.study import read_study
from nas_tc.study.checks import check_confusion
from nas_tc.study.files import study_url
from nas_tc.study.storage import lock_study

COMPAT = Path(__file__).parents[1] / "compat" / "v0_1"


def opened(path):
    """All that a study holds, in memory."""
    storage = optuna.storages.RDBStorage(study_url(path))
    study = optuna.load_study(study_name="nas-tc", storage=storage)
    try:
        return study.user_attrs, study.get_trials()
    finally:
        storage.engine.dispose()


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    return [opened(shutil.copy(COMPAT / name, folder)) for name in ("study.db", "timed.db")]


@st.composite
def damaged_studies(draw, contents):
    """A study with an attribute, a gene or an error that is odd."""
    attributes, trials = draw(st.sampled_from(contents))
    attributes, trials = dict(attributes), list(trials)
    if draw(st.booleans()):
        key = draw(st.sampled_from(sorted(attributes)))
        attributes[key] = draw(damaged(attributes[key]))
        return attributes, trials
    number = draw(st.sampled_from(range(len(trials))))
    trial = trials[number] = copy.copy(trials[number])
    which = draw(st.sampled_from(["user_attrs", "params", "system_attrs", "errors"]))
    if which == "errors":
        error = draw(st.sampled_from([0.5, -0.1, 2.0, float("nan"), float("inf")]))
        trial.intermediate_values = {draw(st.sampled_from([-1, 1, 2])): error}
    elif values := getattr(trial, which):
        key = draw(st.sampled_from(sorted(values)))
        setattr(trial, f"_{which}", {**values, key: draw(damaged(values[key]))})
    return attributes, trials


def read_and_used(attributes, trials):
    """The record of a study in memory, after all that a report and a resumed search ask of it."""
    record = record_in_memory(attributes, trials)
    front_table(record)
    trials_table(record)
    json.dumps(manifest(record))
    majority_lines(record)
    recommended(record)
    missing_reruns(record, 2)
    Recipe.from_dict(record.settings["recipe"])
    return record


@settings(max_examples=120)
@given(st.data())
def test_a_damaged_study_is_used_or_refused(contents, data):
    attributes, trials = data.draw(damaged_studies(contents))
    with contextlib.suppress(NasTcError):
        read_and_used(attributes, trials)


def test_the_studies_are_whole_before(contents):
    for attributes, trials in contents:
        assert read_and_used(attributes, trials).front


STAGE = {"depth": 10**9, "width": 8, "filter": 3, "last_width": 8, "stride": 1}
DEEP = {"input": [1, 8, 8], "stages": [STAGE], "head": "gap", "classes": 10, "norm": "batch"}


@pytest.mark.parametrize(
    ("trial", "key", "text", "complaint"),
    [
        (None, "nas_tc", "{", "settings: not JSON"),
        (None, "nas_tc", "null", "settings: expected object, got null"),
        (None, "nas_tc", '{"format": 1}', "settings: object missing required field space"),
        (None, "nas_tc", "[" * 50_000, "settings: not JSON"),
        (None, "test_errors", '{"0": 2}', r"study, test_errors\[...\]: expected float <= 1.0"),
        (0, "complexity", '"much"', "trial 0, complexity: expected int, got str"),
        (0, "complexity", "1" * 100, "trial 0, complexity: expected int <="),
        (1, "architecture", "not JSON", "trial 1, architecture: not JSON"),
        (1, "architecture", json.dumps(DEEP), "trial 1, .*depth must be 1,000 or less"),
        (3, "params", "[" * 50_000, "trial 3, params: not JSON"),
        (4, "reason", "[1]", "trial 4, reason: expected str | null, got array"),
    ],
)
def test_what_is_damaged_is_named(study, tmp_path, trial, key, text, complaint):
    path = tmp_path / "study.db"
    shutil.copy(study.path, path)
    edit(path, key, text, trial=trial, raw=True)
    rescue = "; save what is whole with: nas-tc study rescue /"
    for opening in (lambda: read_study(path), lambda: lock_study(path).__enter__()):
        with pytest.raises(StudyError, match=rf"the study is damaged \({complaint}.*\){rescue}"):
            opening()


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE trials SET state = 'DONE' WHERE number = 2", "trial 2: its state is 'DONE'"),
        ("UPDATE trials SET number = NULL WHERE number = 2", "its number is None"),
        ("DELETE FROM trials WHERE number = 2", "trial 2 is missing"),
        ("DELETE FROM trial_intermediate_values", "trial 0: complete, but without an error"),
        ("UPDATE trial_params SET distribution_json = '[]'", "no choices of a gene"),
        ("UPDATE trial_params SET param_value = 99", "no choices of a gene"),
        ("UPDATE study_directions SET direction = 'MAXIMIZE'", "it does not minimise one error"),
        ("DROP TABLE trial_values", "trial 0, error: expected float, got null"),
    ],
)
def test_what_optuna_cannot_read_is_named(study, tmp_path, statement, complaint):
    import sqlite3

    path = tmp_path / "study.db"
    shutil.copy(study.path, path)
    with sqlite3.connect(path) as database:
        database.execute(statement)
    database.close()
    with pytest.raises(StudyError, match=rf"study is damaged \(.*{complaint}"):
        read_study(path)


def test_counts_of_several_labels_are_checked():
    whole = MultilabelConfusion.of(np.eye(3, dtype=np.uint8), np.eye(3)).to_dict()
    check_confusion({"test_confusion_0": whole}, 0, 3)
    for key, wrong in (
        ("multilabel", whole["multilabel"][:-1]),
        ("multilabel", [*whole["multilabel"][:-1], 7]),
        ("average_precisions", [1.0, 1.0]),
        ("average_precisions", [1.0, 1.0, 2.0]),
        ("subset_wrong", None),
    ):
        with pytest.raises(StudyError, match="test_confusion_0"):
            check_confusion({"test_confusion_0": {**whole, key: wrong}}, 0, 3)
