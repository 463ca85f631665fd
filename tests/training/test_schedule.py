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


@given(
    st.integers(1, 20), st.integers(1, 50), st.floats(0, 0.9), st.sampled_from([(), (3,), (2, 9)])
)
def test_rates_are_positive_and_at_most_the_peak(epochs, steps, warmup, drops):
    recipe = Recipe(epochs=epochs, warmup=warmup, drops=drops)
    for step in range(epochs * steps):
        assert 0 < learning_rate(recipe, step, steps) <= recipe.learning_rate * (1 + 1e-12)


@given(st.floats(0, 1), st.floats(0, 0.99))
def test_the_learning_rate_rises_to_its_peak_and_falls_to_nothing(progress, warmup):
    assert 0 <= one_cycle(progress, warmup) <= 1
    assert one_cycle(warmup, warmup) == 1
    assert one_cycle(1, warmup) == pytest.approx(0)
    assert one_cycle(0, 0.5) == pytest.approx(0.1)
