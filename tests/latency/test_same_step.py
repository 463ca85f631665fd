"""Guesses on a GPU: times are staircases in the width, and no guess crosses a step."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_profiles import filled, profile

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.latency import LayerTimes
from nas_tc.latency.layer_signature import LayerSignature
from nas_tc.latency.same_step import SameStep

widths = st.integers(1, 512)


def layer(n_in, n_out, maps="8x8", kind="conv"):
    return LayerSignature(kind, f"{n_in}x{maps}>{n_out}x{maps}", n_in * n_out, n_in + n_out, n_out)


def staircase(tile, floor_ms, step_ms):
    """Time of a layer by tiles of channels; launches or an idle GPU set a floor."""

    def ms(n_in, n_out):
        return max(floor_ms, step_ms * ceil(n_in / tile) * ceil(n_out / tile))

    return ms


@given(
    st.sampled_from([8, 16, 32, 64, 128]),
    st.floats(0.001, 10),
    st.floats(1e-5, 0.1),
    st.lists(st.tuples(widths, widths), min_size=1, max_size=30),
    st.lists(st.tuples(widths, widths), min_size=1, max_size=10),
)
def test_a_guess_crosses_no_step(tile, floor_ms, step_ms, known, wanted):
    truth = staircase(tile, floor_ms, step_ms)
    table = SameStep((layer(*each), truth(*each)) for each in known)
    for each in (*known, *wanted):
        guess = table.guess(layer(*each))
        assert guess is None or guess == pytest.approx(truth(*each), rel=0.1)
    for each in known:
        assert table.guess(layer(*each)) is not None


def test_within_eight_channels_the_time_is_the_same():
    table = SameStep([(layer(16, 17), 2.0), (layer(16, 22), 8.0)])
    assert table.guess(layer(12, 24)) == pytest.approx(4.0)  # the geometric mean of the two
    assert table.guess(layer(12, 25)) is None  # the next step
    assert table.guess(layer(17, 24)) is None


def test_where_the_gpu_is_not_filled_widths_make_no_difference():
    table = SameStep([(layer(16, 16), 0.004), (layer(64, 64), 0.0042)])
    assert table.guess(layer(32, 48)) == pytest.approx(0.0041, rel=0.01)
    assert table.guess(layer(16, 128)) is None  # wider than any


def test_between_two_steps_nothing_is_guessed():
    table = SameStep([(layer(64, 64), 0.010), (layer(64, 128), 0.020)])
    assert table.guess(layer(64, 96)) is None


def test_other_maps_and_kinds_are_no_neighbours():
    table = SameStep([(layer(16, 16), 1.0)])
    assert table.guess(layer(16, 16, maps="16x16")) is None
    assert table.guess(layer(16, 16, kind="pool")) is None


def test_tables_of_gpus_guess_by_steps_and_those_of_processors_by_lines():
    known = [Architecture((3, 32, 32), parse_notation(f"(3,{w})x2"), GAP, 5) for w in (64, 128)]
    between = Architecture((3, 32, 32), parse_notation("(3,96)x2"), GAP, 5)
    near = Architecture((3, 32, 32), parse_notation("(3,60)x2"), GAP, 5)
    gpu = LayerTimes(on_gpu=True)
    for each in known:
        gpu.add(each, profile(each))
    for entry in gpu.layers.values():
        entry.ms = entry.signature.macs / 1e6 + 0.001
    assert gpu.predict(between) is None
    assert gpu.predict(near).guessed == 4
    assert filled(*known).predict(between).guessed == 4
