"""The optimizer's update on a GPU: one call for all parameters, charged once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_profiles import SMALL, profile

from nas_tc.architecture import GAP, Architecture, parse_notation, walk
from nas_tc.latency import LayerTimes, signatures_of
from nas_tc.latency.layer_signature import parameter_tensors
from nas_tc.latency.update_time import UpdateTime, fit_update
from nas_tc.module import build
from nas_tc.zoo import ZOO
from strategies import architectures

sizes = st.tuples(st.integers(100, 10**8), st.integers(2, 300))


@given(
    st.builds(UpdateTime, st.floats(0.01, 1), st.floats(1e-9, 1e-7), st.floats(1e-4, 1e-2)),
    st.lists(sizes, min_size=1, max_size=12),
)
def test_the_times_of_updates_are_found_again(truth, known):
    fitted = fit_update((*each, truth.ms(*each)) for each in known)
    assert min(fitted.fixed_ms, fitted.parameter_ms, fitted.tensor_ms) >= 0
    for each in known:
        assert fitted.ms(*each) == pytest.approx(truth.ms(*each), rel=1e-4)


@given(st.lists(st.builds(lambda size, ms: (*size, ms), sizes, st.floats(0.01, 10)), max_size=8))
def test_no_part_of_an_update_is_negative(updates):
    fitted = fit_update(updates)
    assert min(fitted.fixed_ms, fitted.parameter_ms, fitted.tensor_ms) >= 0
    assert fitted.ms(10**6, 20) > 0 or not updates


def test_without_updates_they_take_no_time():
    assert fit_update(()).ms(10**6, 20) == 0


@given(architectures())
def test_tensors_are_counted_as_torch_has_them(architecture):
    assert parameter_tensors(walk(architecture)) == len(list(build(architecture).parameters()))


@pytest.mark.parametrize("name", ["resnet18", "mobilenetv2", "efficientnet-b0", "alexnet"])
def test_tensors_of_known_networks(name):
    network = ZOO[name].architecture.at((3, 224, 224), 10)
    assert parameter_tensors(walk(network)) == len(list(build(network).parameters()))


def test_a_step_is_its_layers_and_one_update():
    """Made-up times: 1 ms a layer, and an update of .2 ms and 1 us a tensor, 2 ns a parameter."""
    update = UpdateTime(0.2, 2e-6, 1e-3)
    times = LayerTimes(on_gpu=True)

    def whole_ms(network):
        layers = walk(network)
        parameters = sum(layer.params for layer in layers)
        return len(signatures_of(network)) + update.ms(parameters, parameter_tensors(layers))

    def network(notation):
        return Architecture((3, 16, 16), parse_notation(notation), GAP, 5)

    known = [network(each) for each in ("(3,8)", "(3,16)x3", "(3,8)x2 | 2/2 | (3,16)", "(3,32)x2")]
    for each in known:
        layers_ms = float(len(signatures_of(each)))
        times.add(
            each,
            replace(profile(each), whole_ms=whole_ms(each), update_ms=whole_ms(each) - layers_ms),
        )
    unseen = network("(3,8)x6")  # of layers that are all known
    assert times.untimed(unseen) == []
    assert times.predict(unseen).ms == pytest.approx(whole_ms(unseen), rel=1e-6)
    for each in known:
        assert times.predict(each).ms == pytest.approx(whole_ms(each), rel=1e-6)


def test_updates_are_merged_and_rescaled():
    times, other = LayerTimes(), LayerTimes(updates=[(100, 2, 1.0)])
    other.add(SMALL, profile(SMALL))
    times.merge(other)
    assert list(times.updates) == [(100, 2, 1.0)]
    times.rescale(2.0)
    assert list(times.updates) == [(100, 2, 2.0)]
