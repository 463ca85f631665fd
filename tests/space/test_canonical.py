"""The setting that stands for all settings of a network, against one network at a time."""

import numpy as np
import pytest
from hypothesis import given, settings

from nas_tc.architecture import GAP
from nas_tc.space import Space, StageChoices, canonical_settings, load_space, shipped_spaces
from strategies import spaces


def agrees(space, count):
    random = np.random.default_rng(0)
    columns = [random.integers(0, len(gene.choices), count) for gene in space.genes]
    rows = np.stack(columns, axis=1) if columns else np.zeros((count, 0), dtype=np.int64)
    drawn = space.values(rows.tolist())
    assert space.numbers(drawn) == rows.tolist()
    found = space.values(canonical_settings(space, rows).tolist())
    assert found == [space.encode(space.decode(each)) for each in drawn]


@settings(max_examples=60)
@given(spaces())
def test_equal_on_every_space(space):
    agrees(space, 30)


@pytest.mark.parametrize("name", shipped_spaces())
def test_equal_on_200_draws(name):
    agrees(load_space(name), 200)


def test_choices_that_mean_the_same_are_one():
    stage = StageChoices((1,), (4, 8), (3,), block=("inverted[4]", "plain", "inverted[4,se=0]"))
    agrees(Space("twice", (3, 8, 8), GAP, (stage,), heads=("gap", "spp", " gap")), 40)
