"""A whole array of settings at once against one network at a time."""

import numpy as np
import pytest
from hypothesis import given, settings

from nas_tc.cost import complexity
from nas_tc.errors import ArchitectureError, SpaceError
from nas_tc.space import complexity_batch, load_space, shipped_spaces
from strategies import spaces


def draw(space, count):
    random = np.random.default_rng(0)
    columns = [random.integers(0, len(gene.choices), count) for gene in space.genes]
    return np.stack(columns, axis=1) if columns else np.zeros((count, 0), dtype=np.int64)


def one_at_a_time(space, row):
    values = {gene.name: gene.choices[n] for gene, n in zip(space.genes, row, strict=True)}
    try:
        return complexity(space.decode(values))
    except ArchitectureError:
        return -1


@pytest.mark.parametrize("name", shipped_spaces())
def test_equal_on_1000_draws(name):
    space = load_space(name)
    rows = draw(space, 1_000)
    assert complexity_batch(space, rows).tolist() == [one_at_a_time(space, row) for row in rows]


@settings(max_examples=60)
@given(spaces())
def test_equal_on_every_space(space):
    rows = draw(space, 30)
    assert complexity_batch(space, rows).tolist() == [one_at_a_time(space, row) for row in rows]


def test_networks_that_shrink_away_are_marked():
    space = load_space("he-sun-224").at((3, 48, 48), 10)
    found = complexity_batch(space, draw(space, 2_000))
    assert 0 < (found == -1).sum() < len(found)


def test_what_settings_must_be():
    space = load_space("plain-32")
    genes = len(space.genes)
    assert complexity_batch(space, np.zeros((0, genes), dtype=int)).shape == (0,)
    with pytest.raises(SpaceError, match=rf"\(candidates, {genes}\), not \(3, 2\)"):
        complexity_batch(space, np.zeros((3, 2), dtype=int))
    for wrong in (-1, 99):
        with pytest.raises(SpaceError, match="number the choices"):
            complexity_batch(space, np.full((1, genes), wrong))
