"""Backward passes and transposed convolutions against torch."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nas_tc.cost import network_cost
from nas_tc.cost.operations import backward_macs
from nas_tc.cost.transposed import TransposedConv
from nas_tc.errors import ArchitectureError
from nas_tc.module import Network
from nas_tc.zoo import ZOO
from strategies import architectures


def counted_step(arch):
    """Multiply-adds of a forward and a backward pass, by torch's own counter."""
    with torch.device("meta"):
        network = Network(arch)
        images = torch.zeros(2, *arch.input)
        with FlopCounterMode(display=False) as counter:
            network(images).sum().backward()
    return counter.get_total_flops() // 2 // 2


@settings(max_examples=40)
@given(architectures())
def test_backward_pass_as_torch_counts_it(arch):
    assert counted_step(arch) == network_cost(arch).macs + backward_macs(arch)


@pytest.mark.parametrize("name", ["J'", "resnet18", "resnet50", "googlenet"])
def test_backward_pass_of_the_zoo(name):
    arch = ZOO[name].architecture
    assert counted_step(arch) == network_cost(arch).macs + backward_macs(arch)


def test_training_is_roughly_three_times_testing():  # He & Sun 2015, section 3.2
    for name in "ABCDEFGHIJ":
        macs = network_cost(ZOO[name].architecture).macs
        step = macs + backward_macs(ZOO[name].architecture)
        assert step / macs == pytest.approx(3, abs=0.15)


@given(
    n_in=st.integers(1, 5),
    side=st.integers(1, 6),
    n_out=st.integers(1, 5),
    filter=st.integers(1, 5),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    more=st.integers(0, 2),
)
def test_transposed_convolution_as_torch_runs_it(n_in, side, n_out, filter, stride, padding, more):
    try:
        ours = TransposedConv((n_in, side, side + 1), n_out, filter, stride, padding, more)
    except ArchitectureError:
        assume(False)
    theirs = nn.ConvTranspose2d(n_in, n_out, filter, stride, padding, more)
    with FlopCounterMode(display=False) as counter:
        made = theirs(torch.zeros(1, *ours.input))
    assert made.shape[1:] == ours.output
    assert ours.params == sum(each.numel() for each in theirs.parameters())
    assert counter.get_total_flops() == 2 * ours.macs


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        (((1, 4, 4), 1, 3, 2, 0, 2), "output padding must be less than the stride, 2, not 2"),
        (((1, 1, 1), 1, 1, 1, 1, 0), "to nothing"),
    ],
)
def test_transposed_convolutions_that_cannot_be(values, complaint):
    with pytest.raises(ArchitectureError, match=complaint):
        TransposedConv(*values)
