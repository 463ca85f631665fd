"""Values that nobody expects, put anywhere into what a study or a file holds."""

import copy
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import optuna
from hypothesis import strategies as st

from nas_tc.study.checks import check_settings
from nas_tc.study.record import record_of

ODD = [
    None, True, 0, -1, 1, 10**9, 10**30, 0.5, -0.5, 1e308, float("nan"), float("inf"),
    "", "x", "-5", "\ud800", "=1+1", "9" * 5000, "error", [], {}, [[]], [1], ["a"], {"a": 1},
]  # fmt: skip


def places(value, place=()):
    """The ways to every value within lists and dicts."""
    yield place
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    for key, each in inner:
        yield from places(each, (*place, key))


def replaced(value, place, new):
    """A copy in which the value at `place` is another; ... takes it out."""
    if not place:
        return None if new is ... else new
    key, *rest = place
    value = copy.copy(value)
    if new is ... and not rest:
        del value[key]
    else:
        value[key] = replaced(value[key], rest, new)
    return value


@st.composite
def damaged(draw, value):
    """The value with something odd in it, or without something."""
    place = draw(st.sampled_from(list(places(value))))
    return replaced(value, place, draw(st.sampled_from([*ODD, ...])))


def edit(path, key, value, *, trial=None, raw=False):
    """Writes an attribute into a study file, as an editor would."""
    text = value if raw else json.dumps(value)
    with closing(sqlite3.connect(path)) as database, database:
        if trial is None:
            query = "UPDATE study_user_attributes SET value_json = ? WHERE key = ?"
            database.execute(query, (text, key))
        else:
            query = "UPDATE trial_user_attributes SET value_json = ? WHERE key = ? AND trial_id = ?"
            database.execute(query, (text, key, trial + 1))


def record_in_memory(attributes, trials):
    """The record of a study that is in no file.

    Args:
        attributes: Attributes of the study.
        trials: Its trials, as Optuna has them.
    """
    check_settings(attributes.get("nas_tc"))
    study = SimpleNamespace(
        user_attrs=attributes,
        get_trials=lambda **_: trials,
        directions=[optuna.study.StudyDirection.MINIMIZE],
    )
    return record_of(study, Path("study.db"))
