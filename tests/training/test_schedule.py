"""The learning rate of each step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_tc.recipe import Recipe
from nas_tc.training.schedule import learning_rate, one_cycle


def test_one_cycle_rises_to_its_peak_and_falls_to_nothing():
    recipe = Recipe(epochs=4, learning_rate=0.2, warmup=0.25)
    rates = [learning_rate(recipe, step, 25) for step in range(100)]
    assert rates[0] == pytest.approx(0.02)
    assert max(rates) == rates[25] == pytest.approx(0.2)
    assert rates[:26] == sorted(rates[:26])
    assert rates[25:] == sorted(rates[25:], reverse=True)
    assert 0 < rates[-1] < 0.001


def test_with_restarts_a_cycle_ends_at_each_rung():
    recipe = Recipe(epochs=12, restarts=True)
    assert recipe.rungs == (1, 4, 12)
    steps = 40
    rates = [learning_rate(recipe, step, steps) for step in range(12 * steps)]
    for first, last in ((0, 1), (1, 4), (4, 12)):
        alone = Recipe(epochs=last - first)
        cycle = [learning_rate(alone, step, steps) for step in range((last - first) * steps)]
        assert rates[first * steps : last * steps] == pytest.approx(cycle)


@given(
    st.integers(1, 20),
    st.integers(1, 50),
    st.floats(0, 0.9),
    st.sampled_from([{}, {"drops": (3,)}, {"drops": (2, 9)}, {"restarts": True}]),
)
def test_rates_are_positive_and_at_most_the_peak(epochs, steps, warmup, schedule):
    recipe = Recipe(epochs=epochs, warmup=warmup, **schedule)
    for step in range(epochs * steps):
        assert 0 < learning_rate(recipe, step, steps) <= recipe.learning_rate * (1 + 1e-12)


@given(st.floats(0, 1), st.floats(0, 0.99))
def test_the_learning_rate_rises_to_its_peak_and_falls_to_nothing(progress, warmup):
    assert 0 <= one_cycle(progress, warmup) <= 1
    assert one_cycle(warmup, warmup) == 1
    assert one_cycle(1, warmup) == pytest.approx(0)
    assert one_cycle(0, 0.5) == pytest.approx(0.1)
