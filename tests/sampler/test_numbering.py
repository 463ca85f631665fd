"""Settings as rows of numbers, and what a model sees of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from nas_tc.sampler.features import Features
from nas_tc.sampler.numbering import Numbering

SPACE = {
    "depth": IntDistribution(1, 9),
    "wide": IntDistribution(8, 64, step=8),
    "many": IntDistribution(1, 1000, log=True),
    "rate": FloatDistribution(1e-4, 1.0, log=True),
    "share": FloatDistribution(0.0, 1.0),
    "width": CategoricalDistribution([16, 24, 32]),
    "pool": CategoricalDistribution(["none", "2/2", None]),
}
NUMBERING = Numbering(SPACE)

settings = st.fixed_dictionaries(
    {
        "depth": st.integers(1, 9),
        "wide": st.integers(1, 8).map(lambda n: 8 * n),
        "many": st.integers(1, 1000),
        "rate": st.floats(1e-4, 1.0),
        "share": st.floats(0.0, 1.0),
        "width": st.sampled_from([16, 24, 32]),
        "pool": st.sampled_from(["none", "2/2", None]),
    }
)


@given(st.lists(settings, min_size=1, max_size=5))
def test_a_row_is_a_setting(chosen):
    rows = NUMBERING.rows(chosen)
    assert rows.shape == (len(chosen), len(SPACE))
    back = [NUMBERING.params(row) for row in rows.tolist()]
    assert back == chosen
    for one, other in zip(back, chosen, strict=True):
        assert all(type(one[name]) is type(other[name]) for name in SPACE)


@given(st.lists(settings, min_size=1, max_size=5))
def test_a_value_is_found_at_its_position(chosen):
    rows = NUMBERING.rows(chosen)
    places = NUMBERING.positions(rows)
    assert ((places >= 0) & (places <= 1)).all()
    found = NUMBERING.at(np.minimum(places, 1 - 1e-12))
    steps = [list(SPACE).index(name) for name in ("depth", "wide", "width", "pool")]
    assert (found[:, steps] == rows[:, steps]).all()


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=len(SPACE), max_size=len(SPACE)))
def test_every_position_has_a_value(places):
    (row,) = NUMBERING.at(np.array([places])).tolist()
    for name, value in NUMBERING.params(row).items():
        assert SPACE[name]._contains(SPACE[name].to_internal_repr(value))


def test_equal_choices_are_one():
    numbering = Numbering({"x": CategoricalDistribution([1, 2, 1])})
    assert numbering.rows([{"x": 1}, {"x": 2}]).tolist() == [[0], [1]]
    assert numbering.at(np.array([[0.1], [0.5], [0.9]])).tolist() == [[0], [1], [0]]


def test_a_value_that_is_no_choice_has_no_row():
    with pytest.raises(KeyError):
        NUMBERING.rows([{**dict.fromkeys(SPACE, 1), "width": 17, "pool": None}])


def test_settings_that_differ_in_a_category_are_one_apart():
    numbering = Numbering({"pool": SPACE["pool"], "share": SPACE["share"]})
    rows = numbering.rows([{"pool": pool, "share": 0.5} for pool in ("none", "2/2", None)])
    seen = Features(numbering).of(rows)
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)
    assert apart == pytest.approx(1 - np.eye(3))


def test_choices_with_an_order_are_nearer_to_their_neighbours():
    rows = NUMBERING.rows([{**dict.fromkeys(SPACE, 8), "width": width, "pool": None}
                           for width in (16, 24, 32)])  # fmt: skip
    seen = Features(NUMBERING).of(rows)
    assert np.linalg.norm(seen[0] - seen[1]) < np.linalg.norm(seen[0] - seen[2])
