"""What many networks take at once, against one network at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost.measures import MEASURES
from nas_tc.errors import ArchitectureError, SpaceError
from nas_tc.space import load_space, parse_space, shipped_spaces
from nas_tc.space.amounts import amounts_batch, keeps_limits
from strategies import spaces

FORMULAS = [name for name, measure in MEASURES.items() if not measure.is_timed]


def draw(space, count, seed=0):
    random = np.random.default_rng(seed)
    columns = [random.integers(0, len(gene.choices), count) for gene in space.genes]
    return np.stack(columns, axis=1) if columns else np.zeros((count, 0), dtype=np.int64)


def one_at_a_time(space, row, name, batch):
    try:
        return MEASURES[name].of(space.decode(space.values([row])[0]), batch)
    except ArchitectureError:
        return -1


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name.startswith("m") else [])
        for name in shipped_spaces()  # the others have fewer kinds of blocks
    ],
)
def test_equal_on_draws_of_shipped_spaces(name):
    space = load_space(name)
    rows = draw(space, 6)
    for measure in FORMULAS:
        batch = 8 if "batch" in MEASURES[measure].depends_on else 1
        assert amounts_batch(space, rows, measure, batch).tolist() == [
            one_at_a_time(space, row, measure, batch) for row in rows.tolist()
        ], measure


@settings(max_examples=20)
@given(spaces(), st.sampled_from(FORMULAS), st.integers(1, 9))
def test_equal_on_every_space(space, measure, batch):
    rows = draw(space, 20)
    assert amounts_batch(space, rows, measure, batch).tolist() == [
        one_at_a_time(space, row, measure, batch) for row in rows.tolist()
    ]


def test_equal_with_blocks_that_need_some_widths():
    text = """input = [2, 9, 9]
activation = ["relu", "tanh"]
[[stage]]
block = ["plain", "inception[1,1,2,1,1,2]"]
depth = [1, 2]
width = [6, 9]
filter = 3
pool = ["2/2", "none"]
[[stage]]
block = ["plain[groups=3]", "bottleneck[reduction=3]", "plain[dilation=2]", "depthwise"]
depth = [0, 1, 3]
width = [6, 12]
filter = 3
"""
    space = parse_space(text, "widths", "widths.toml")
    rows = draw(space, 40)
    for measure in FORMULAS:
        assert amounts_batch(space, rows, measure, 3).tolist() == [
            one_at_a_time(space, row, measure, 3) for row in rows.tolist()
        ], measure


def test_several_limits_at_once():
    space = load_space("tiny-96")
    text = (
        "weights in 30KiB..300KiB@int8, memory<=80KiB@int8, complexity<=20M, train_memory<=8MB@b4"
    )
    limit = resolve_budget(parse_budget(text), space.input, space.classes)
    rows = draw(space, 200)
    found = keeps_limits(space, rows, limit.caps)
    assert 0 < found.sum() < 200
    for is_within, values in zip(found, space.values(rows.tolist()), strict=True):
        assert is_within == (limit.broken_by(space.decode(values)) is None)


def test_what_settings_must_be():
    space = load_space("plain-32")
    assert amounts_batch(space, draw(space, 0), "memory").shape == (0,)
    with pytest.raises(SpaceError, match="number the choices"):
        amounts_batch(space, np.full((1, len(space.genes)), 99), "params")
