"""Networks for the clock: the same layers as a real one, with weights that keep maps alive."""

import pytest
import torch
from hypothesis import given, settings

from nas_tc.errors import ArchitectureError
from nas_tc.module import build
from nas_tc.timing.dummy_network import dummy_network
from nas_tc.zoo import ZOO
from strategies import architectures


@given(architectures())
@settings(max_examples=30)
def test_it_has_all_that_a_built_network_has(architecture):
    found, real = dummy_network(architecture), build(architecture)
    assert str(found) == str(real)
    for (name, ours), (_, theirs) in zip(
        found.state_dict().items(), real.state_dict().items(), strict=True
    ):
        assert (ours.shape, ours.dtype, ours.stride()) == (
            theirs.shape,
            theirs.dtype,
            theirs.stride(),
        ), name
        if not name.endswith("weight") or ours.dim() == 1:  # all that is not drawn
            assert torch.equal(ours, theirs), name
    assert all(each.requires_grad for each in found.parameters())


@pytest.mark.parametrize("name", ["J", "resnet18", "mobilenetv2"])
def test_maps_neither_vanish_nor_overflow(name):
    network = ZOO[name].architecture
    images = torch.rand(2, *network.input, generator=torch.Generator().manual_seed(1))
    scores = {}
    for make in (dummy_network, build):
        with torch.inference_mode():
            scores[make] = make(network).eval()(images)
    assert torch.isfinite(scores[dummy_network]).all()
    ratio = scores[dummy_network].std() / scores[build].std()
    assert 0.2 < ratio < 5


def test_weights_spread_as_those_of_a_built_network():
    network = ZOO["alexnet"].architecture
    for ours, theirs in zip(
        dummy_network(network).parameters(), build(network).parameters(), strict=True
    ):
        if ours.dim() > 1:
            assert ours.std().item() == pytest.approx(theirs.std().item(), rel=0.05)


def test_a_network_that_cannot_exist_is_refused():
    with pytest.raises(ArchitectureError):
        dummy_network(ZOO["alexnet"].architecture.at((3, 8, 8)))
