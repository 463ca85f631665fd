"""Local search among candidates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import IntDistribution

from nas_tc.sampler.candidates import Candidates
from nas_tc.sampler.climb import climbed
from nas_tc.sampler.constraints import Constraints
from nas_tc.sampler.feasible_draws import FeasibleDraws

SPACE = {f"x{n}": IntDistribution(0, 5) for n in range(8)}
LIMIT = 30


def total(params):
    return sum(params.values())


def constraints():
    points = Candidates(SPACE, total, LIMIT, dict)
    return Constraints(SPACE, points, FeasibleDraws(SPACE, points.cost, LIMIT), LIMIT, 0, bool)


def gain(points):
    """Highest for (3, 3, ..., 3)."""
    return np.array([-sum(abs(x - 3) for x in each.params.values()) for each in points], float)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
@settings(deadline=None, max_examples=25)
def test_it_keeps_what_is_there_and_adds_what_is_new_and_fits(seed, many):
    random = np.random.default_rng(seed)
    held = constraints()
    first = list({each.key: each for each in held.drawn(many, random)}.values())
    unwanted = {each.key for each in held.drawn(50, random)} - {each.key for each in first}
    found, gains = climbed(held, first, gain, unwanted, random)
    assert found[: len(first)] == first
    assert gains == pytest.approx(gain(found))
    keys = [each.key for each in found]
    assert len(set(keys)) == len(keys)
    assert not set(keys) & unwanted
    assert all(each.cost <= LIMIT for each in found)


def test_it_gets_further_than_as_many_samples():
    random = np.random.default_rng(0)
    held = constraints()
    better = []
    for _ in range(20):
        found, gains = climbed(held, held.drawn(40, random), gain, set(), random)
        better.append(gains.max() - gain(held.drawn(len(found), random)).max())
    assert np.mean(better) > 1
    assert min(better) >= 0
