"""Values that nobody expects, put anywhere into what a study or a file holds."""

import copy
import json
import sqlite3
from contextlib import closing

from hypothesis import strategies as st

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
