"""New settings from good ones."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, IntDistribution

from nas_tc.sampler.candidates import Candidates
from nas_tc.sampler.constraints import Constraints
from nas_tc.sampler.feasible_draws import FeasibleDraws
from nas_tc.sampler.mutations import mutations

SPACE = {f"x{n}": IntDistribution(0, 5) for n in range(6)} | {
    "kind": CategoricalDistribution(["a", "b", "c"])
}
LIMIT = 14


def cost(params):
    return sum(value for name, value in params.items() if name != "kind")


def constraints():
    points = Candidates(SPACE, cost, LIMIT, dict)
    draws = FeasibleDraws(SPACE, points.cost, LIMIT)
    return Constraints(SPACE, points, draws, LIMIT, 0, lambda _: True)


seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_mutations_fit_and_change_at_most_three_parameters(seed):
    random = np.random.default_rng(seed)
    held = constraints()
    (parent,) = held.drawn(1, random)
    found = mutations(held, [parent], 20, random)
    assert all(cost(each.params) <= LIMIT for each in found)
    for each in found:
        assert sum(each.params[name] != parent.params[name] for name in SPACE) <= 3
