"""Figures and intervals, against what is known of order statistics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_tc.timing import Estimate, estimate, lowest

times = st.lists(st.floats(0.001, 1000), min_size=1, max_size=300)


@given(times, st.sampled_from([0.1, 0.5, 0.9]))
def test_the_figure_is_a_sample_within_its_interval(samples, quantile):
    found = estimate(samples, quantile)
    assert found.low <= found.value <= found.high
    assert {found.low, found.value, found.high} <= set(samples)
    assert found.value == np.quantile(samples, quantile, method="inverted_cdf")


@given(times)
def test_the_second_lowest_counts_and_the_blocks_bound_it(samples):
    found = lowest(samples)
    assert found.value == found.low == sorted(samples)[:2][-1]
    assert found.low <= found.high <= max(samples)
    assert found.high in samples


def test_a_single_reading_that_is_too_low_does_not_count():
    assert lowest([0.0] + [5.0] * 99).value == 5.0


def test_ten_blocks_in_the_order_of_time():
    found = lowest([block + other for block in (5, 3, 9, 3, 4, 4, 4, 4, 4, 4) for other in (0, 50)])
    assert (found.low, found.high, found.samples) == (3, 9, 20)


@pytest.mark.parametrize("quantile", [0.1, 0.5])
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
