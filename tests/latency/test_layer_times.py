"""Times of layers, and the predictions from them."""

from dataclasses import replace
from statistics import geometric_mean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_profiles import SMALL, filled, profile

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.errors import ArchitectureError
from nas_tc.latency import (
    LayerTimes,
    fit_overhead,
    signatures_of,
)
from strategies import architectures


@given(architectures())
def test_the_time_of_a_known_network_is_the_sum_of_its_layers(architecture):
    times = filled(architecture, ms=0.5)
    assert times.untimed(architecture) == []
    predicted = times.predict(architecture)
    assert predicted.ms == pytest.approx(0.5 * len(signatures_of(architecture)))
    assert (predicted.guessed, predicted.layers) == (0, len(signatures_of(architecture)))
    assert (predicted.low_ms, predicted.high_ms) == (0.0, float("inf"))


@given(architectures(), architectures(), architectures())
def test_predictions_from_before_the_table_grew_are_dropped(wanted, first, second):
    times = filled(first)
    times.predict(wanted)
    times.add(second, profile(second, ms=0.5))
    fresh = LayerTimes(
        times.layers.values(),
        times.totals,
        times.checks,
        times.networks,
        workloads=times.workloads,
    )
    assert times.predict(wanted) == fresh.predict(wanted) == times.predict(wanted)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=20))
def test_the_geometric_mean_over_networks_counts(sightings):
    times = LayerTimes()
    for ms in sightings:
        times.add(SMALL, profile(SMALL, ms=ms))
    for each in times.layers.values():
        assert each.networks == len(sightings)
        assert each.ms == pytest.approx(geometric_mean(sightings))


def test_a_layer_whose_time_is_there_is_counted_once():
    times = LayerTimes()
    new = times.add_new(profile(SMALL))
    assert set(new) == set(times.layers)
    times.add(SMALL, profile(SMALL, 2.0), counted=new)
    assert {each.networks for each in times.layers.values()} == {1}
    assert times.add_new(profile(SMALL)) == []
    assert times.networks == {SMALL.id}
    times.add(SMALL, profile(SMALL))
    assert {each.networks for each in times.layers.values()} == {2}


def test_a_line_through_whole_and_sum():
    fixed, factor = fit_overhead([(s, 0.3 + 1.1 * s) for s in (1.0, 2.0, 5.0, 9.0)])
    assert (fixed, factor) == (pytest.approx(0.3), pytest.approx(1.1))
    assert fit_overhead([]) == (0.0, 1.0)
    # A line through these would have layers take less than no time.
    fixed, factor = fit_overhead([(1.0, 3.0), (1.1, 2.8), (1.2, 2.6), (9.0, 90.0), (8.0, 90.0)])
    assert fixed == 0
    assert factor > 0
    assert fit_overhead([(2.0, 3.0)]) == (0.0, 1.5)
    disturbed = [(s, 1.05 * s) for s in (1.0, 2.0, 5.0)] + [(3.0, 9.0), (4.0, 9.0)]
    assert fit_overhead(disturbed) == (pytest.approx(0.0), pytest.approx(1.05))


def test_the_range_of_a_prediction_is_that_of_earlier_errors():
    times = filled(SMALL)
    for number in range(7):
        times.add_check(10.0, 10.0 + number / 10)
    assert times.error_range is None
    for number in range(7, 19):
        times.add_check(10.0, 10.0 + number / 10)
    low, high = times.error_range  # by Student's t, and so wider than all of nineteen
    assert low < 1.0 < 1.18 < high
    times.add_check(10.0, 8.0)
    assert times.error_range == (0.8, pytest.approx(1.18))
    predicted = times.predict(SMALL)
    assert (predicted.low_ms, predicted.high_ms) == (
        pytest.approx(0.8 * predicted.ms),
        pytest.approx(1.18 * predicted.ms),
    )
    for _ in range(40):
        times.add_check(10.0, 10.0)
    assert times.error_range == (1.0, 1.0)  # the latest forty
    for measured in (5.0, 30.0, 9.0, 12.0):  # one at each end is left out of forty
        times.add_check(10.0, measured)
    assert times.error_range == (0.9, 1.2)


def test_a_network_that_cannot_exist_is_refused():
    with pytest.raises(ArchitectureError):
        filled(SMALL).predict(SMALL.at((3, 1, 1)))


def test_a_layer_like_none_makes_the_range_wider():
    networks = [
        Architecture((3, 16, 16), parse_notation(f"(3,{width})x2 | 2/2 | (3,{width})"), GAP, 5)
        for width in (8, 12, 16, 24, 32, 48)
    ]
    times = filled(*networks)
    for entry in times.layers.values():
        entry.ms = 1e-3 + 1e-6 * entry.signature.macs
    times.rescale(1.0)
    for number in range(20):
        times.add_check(10.0, 10.0 + number / 100)
    known = times.predict(networks[2])
    guessed = times.predict(SMALL)
    unlike = times.predict(replace(networks[2], activation="tanh"))
    assert (known.unlike, guessed.unlike, unlike.unlike) == (0, 0, 3)
    assert guessed.guessed > 0
    widths = [each.high_ms / each.low_ms for each in (known, guessed, unlike)]
    assert widths == sorted(widths)
    assert widths[0] == pytest.approx(1.019)
    assert unlike.low_ms <= unlike.likely_least_ms <= unlike.ms <= unlike.likely_ms < unlike.high_ms


def test_nothing_is_built_for_a_prediction(monkeypatch):
    """The bound itself is measured by benchmarks/timing.py, not by a test."""
    monkeypatch.setattr("nas_tc.latency.layer_profiler.dummy_network", None)
    monkeypatch.setattr("nas_tc.timing.work.dummy_network", None)
    assert filled(SMALL).predict(SMALL) is not None
