"""The regression of times on work: monotone, and honest about its error."""

from dataclasses import replace
from math import exp, inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_tc.latency import signatures_of
from nas_tc.latency.prediction_range import range_of_checks
from nas_tc.latency.time_regression import fit_times
from nas_tc.latency.workload import Workload, layer_workload, network_workload
from strategies import architectures

RATES = (15e-3, 30e-9, 0.1e-6, 0.4e-6)
works = st.builds(
    Workload,
    st.integers(1, 60),
    st.integers(0, 10**9),
    st.integers(1, 10**7),
    st.integers(1, 10**8),
)
times_ms = st.floats(1e-3, 1e3)


def drawn(count, noise=0.0, seed=0):
    """Work of some networks, and times that are exact but for a relative error."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        work = Workload(*(int(10 ** random.uniform(low, low + 2)) for low in (0.5, 5, 4, 4)))
        ms = sum(rate * amount for rate, amount in zip(RATES, work, strict=True))
        found.append((work, ms * exp(noise * random.standard_normal())))
    return found


@given(architectures())
def test_the_work_of_a_network_is_that_of_its_layers(architecture):
    rows = [layer_workload(each) for each in signatures_of(architecture)]
    assert network_workload(architecture) == Workload(*map(sum, zip(*rows, strict=True)))


@given(st.lists(st.tuples(works, times_ms), min_size=1, max_size=6), works, works)
def test_more_work_never_takes_less_time(timed, own, more):
    found = fit_times(timed)
    both = Workload(*(a + b for a, b in zip(own, more, strict=True)))
    assert 0 <= found.ms(own) <= found.ms(both)


def test_the_rates_are_found():
    found = fit_times(drawn(30))
    rates = (found.operation_ms, found.mac_ms, found.value_ms, found.param_ms)
    assert rates == pytest.approx(RATES, rel=0.4)  # a little is trusted to typical proportions
    for work, ms in drawn(20, seed=1):
        assert found.ms(work) == pytest.approx(ms, rel=0.1)


def test_a_single_network_sets_the_scale_and_no_range():
    ((work, ms),) = drawn(1)
    found = fit_times([(work, ms)])
    assert found.ms(work) == pytest.approx(ms)
    assert found.log_range(work) == (-inf, inf)
    assert found.most_macs(1.0, work) == inf


def test_nine_of_ten_networks_are_within_the_range():
    """Three standard deviations of a binomial share below nine tenths, at least."""
    inside = total = 0
    for seed in range(12):
        found = fit_times(drawn(6, noise=0.2, seed=seed))
        for work, ms in drawn(40, noise=0.2, seed=100 + seed):
            low, high = found.log_range(work)
            total += 1
            inside += exp(low) <= ms / found.ms(work) <= exp(high)
    assert inside / total > 0.87


def test_the_range_is_wider_far_from_what_was_timed():
    timed = drawn(8, noise=0.1)
    found = fit_times(timed)

    def width(work):
        low, high = found.log_range(work)
        return high - low

    usual = timed[0][0]
    assert width(usual._replace(params=usual.params * 10**4)) > width(usual)
    assert width(Workload(*(1000 * amount for amount in usual))) > width(usual)


def test_above_the_most_multiply_adds_no_network_is_so_quick():
    found = fit_times(drawn(8, noise=0.1))
    beside = Workload(5, 10_000, 20_000, 5_000)
    most = found.most_macs(2.0, beside)
    low, _ = found.log_range(beside)
    assert found.ms(beside._replace(macs=int(most))) * exp(low) == pytest.approx(2.0, rel=1e-3)
    assert found.most_macs(1e-9, beside) == 0.0
    assert replace(found, mac_ms=0.0).most_macs(2.0, beside) == inf


def test_a_batch_reads_its_parameters_once():
    work = Workload(10, 10**6, 10**5, 10**5)
    one, many = fit_times([(work, 1.0)]), fit_times([(work, 1.0)], batch=128)
    assert many.param_ms * work.params < one.param_ms * work.params


def test_ranges_of_few_checks_follow_the_spread():
    checks = [(1.0, 1 + share / 10) for share in range(8)]
    assert range_of_checks(checks[:7]) is None
    low, high = range_of_checks(checks)
    assert low < 1.0
    assert high > 1.7
    assert range_of_checks([(1.0, 1.5)] * 8) == (pytest.approx(1.5), pytest.approx(1.5))
