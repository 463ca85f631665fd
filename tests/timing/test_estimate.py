"""Figures and intervals, against what is known of order statistics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_tc.timing import LOW_QUARTILE, Estimate, estimate, quantile_of

times = st.lists(st.floats(0.001, 1000), min_size=1, max_size=300)


@given(times, st.sampled_from([0.1, 0.5, 0.9]))
def test_the_figure_is_a_sample_within_its_interval(samples, quantile):
    found = estimate(samples, quantile)
    assert found.low <= found.value <= found.high
    assert {found.low, found.value, found.high} <= set(samples)
    assert found.value == np.quantile(samples, quantile, method="inverted_cdf")


@given(times, st.floats(0, 1))
def test_a_quantile_is_the_sample_that_so_many_do_not_exceed(samples, quantile):
    found = quantile_of(samples, quantile)
    assert found == np.quantile(samples, quantile, method="inverted_cdf")
    assert found == estimate(samples, quantile).value


def test_a_few_readings_that_are_too_low_do_not_count():
    assert quantile_of([0.0] * 24 + [5.0] * 76, LOW_QUARTILE) == 5.0


@pytest.mark.parametrize("quantile", [0.1, LOW_QUARTILE, 0.5])
def test_the_interval_holds_the_true_quantile_95_times_of_100(quantile):
    random = np.random.default_rng(1)
    truth = np.exp(np.quantile(random.standard_normal(1_000_000), quantile))
    held = 0
    for _ in range(2000):
        found = estimate(np.exp(random.standard_normal(200)).tolist(), quantile)
        held += found.low <= truth <= found.high
    assert 0.94 <= held / 2000 <= 0.98


def test_more_samples_narrow_the_interval():
    random = np.random.default_rng(2)
    samples = random.standard_normal(3200) + 10
    found = [estimate(samples[:count].tolist(), 0.5) for count in (50, 200, 800, 3200)]
    widths = [each.high - each.low for each in found]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.0, 1.9, "accept"),
        (1.0, 2.0, "accept"),  # the limit itself is within
        (1.9, 2.1, "measure more"),
        (2.0, 2.1, "measure more"),
        (2.1, 2.2, "reject"),
    ],
)
def test_a_verdict_is_for_the_whole_interval(low, high, verdict):
    assert Estimate((low + high) / 2, low, high, 0.5, 200).judge(2.0) == verdict
