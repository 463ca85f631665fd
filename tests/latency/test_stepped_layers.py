"""Guesses on a GPU: times are staircases in the width, and no guess crosses a step."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_profiles import filled, profile

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.latency import LayerTimes
from nas_tc.latency.layer_signature import LayerSignature
from nas_tc.latency.stepped_layers import SteppedLayers

widths = st.integers(1, 512)


def layer(n_in, n_out, maps="8x8", kind="conv"):
    height, width = map(int, maps.split("x"))
    params = 9 * n_in * n_out
    return LayerSignature(
        kind=kind,
        sizes=f"{n_in}x{maps}>{n_out}x{maps}",
        macs=params * height * width,
        values=(n_in + n_out) * height * width,
        params=params,
    )


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
    table = SteppedLayers((layer(*each), truth(*each)) for each in known)
    for each in known:
        assert table.guess(layer(*each)) == pytest.approx(truth(*each))
    for own in wanted:
        guess = table.guess(layer(*own))
        narrower = [truth(*each) for each in known if all(a <= b for a, b in pairs(each, own))]
        wider = [truth(*each) for each in known if all(a >= b for a, b in pairs(each, own))]
        if guess is None:
            continue
        assert guess >= 0.999 * max(narrower, default=0.0)
        assert guess <= 1.001 * min(wider, default=float("inf"))
        if narrower and wider and min(wider) <= 1.1 * max(narrower):  # on one step
            assert guess == pytest.approx(truth(*own), rel=0.1)
        on_the_same_step = tuple(8 * ceil(each / 8) for each in own)
        assert table.guess(layer(*on_the_same_step)) == pytest.approx(guess)


def pairs(one, other):
    return zip(one, other, strict=True)


def test_within_eight_channels_the_time_is_the_same():
    table = SteppedLayers([(layer(16, 17), 2.0), (layer(16, 22), 8.0)])
    assert table.guess(layer(12, 24)) == pytest.approx(4.0)  # the geometric mean of the two
    assert table.guess(layer(12, 25)) > 4.0  # the next step
    assert table.guess(layer(12, 25)) == table.guess(layer(12, 32))


def test_where_the_gpu_is_not_filled_widths_make_no_difference():
    table = SteppedLayers([(layer(16, 16), 0.004), (layer(64, 64), 0.0042)])
    assert table.guess(layer(32, 48)) == pytest.approx(0.0041, rel=0.01)


def test_between_two_steps_a_guess_is_within_them():
    known = [(layer(64, 64), 0.010), (layer(64, 128), 0.011), (layer(64, 192), 0.050)]
    table = SteppedLayers(known)
    assert table.guess(layer(64, 96)) == pytest.approx(0.0105, rel=0.01)  # no step in between
    assert 0.011 <= table.guess(layer(64, 160)) <= 0.050


def test_other_kinds_are_no_neighbours():
    table = SteppedLayers([(layer(16, 16), 1.0)])
    assert table.guess(layer(16, 16, kind="pool")) is None
    assert table.guess(layer(16, 16, maps="512x512")) is None  # far larger than any


def test_tables_of_gpus_round_widths_and_those_of_processors_do_not():
    def network(width):
        return Architecture((3, 32, 32), parse_notation(f"(3,{width})x2"), GAP, 5)

    known = [network(64), network(128)]
    gpu, cpu = LayerTimes(on_gpu=True), filled(*known)
    for each in known:
        gpu.add(each, profile(each))
    for times in (gpu, cpu):
        for entry in times.layers.values():
            entry.ms = entry.signature.macs / 1e6 + 0.001
        times.rescale(1.0)  # throws away what was worked out before
    assert gpu.predict(network(89)).ms == pytest.approx(gpu.predict(network(96)).ms, rel=1e-3)
    assert cpu.predict(network(89)).ms < 0.9 * cpu.predict(network(96)).ms
    assert gpu.predict(network(60)).ms == pytest.approx(gpu.predict(network(64)).ms)
    assert gpu.predict(network(60)).guessed == 4
