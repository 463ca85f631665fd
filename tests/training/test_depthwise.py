"""The library's gradient of a depthwise convolution against torch's in float64."""

import copy

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.module import build
from nas_tc.training import norm_pool
from nas_tc.training.depthwise import DepthwiseConv, gains
from nas_tc.training.fused_forward import fused_forward

LIBRARIES = [
    name for name in norm_pool.fitting() if hasattr(norm_pool.load(name), "depthwise_backward_bf16")
]
needs_library = pytest.mark.skipif(not LIBRARIES, reason="nas-tc was installed without a compiler")


pytestmark = pytest.mark.usefixtures("one_thread")


def gradients(steps, weight, maps, given):
    """Gradients of the maps and of the filters."""
    maps = maps.detach().clone().requires_grad_()
    weight.grad = None
    steps(maps).backward(given.to(maps.dtype))
    return maps.grad.double(), weight.grad.double()


@needs_library
@pytest.mark.parametrize("name", LIBRARIES)
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_gradients_are_exact_but_for_rounding(name, data):
    draw = data.draw
    library = norm_pool.load(name)
    size, stride = draw(st.sampled_from([3, 5, 7])), draw(st.integers(1, 3))
    padding, channels = draw(st.integers(0, size // 2)), draw(st.integers(2, 70))
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    assume(min(height, width) + 2 * padding >= size)
    dtype = draw(st.sampled_from([torch.float32, torch.bfloat16]))
    torch.manual_seed(channels * height + width)
    conv = nn.Conv2d(channels, channels, size, stride, padding, groups=channels, bias=False)
    conv.weight.data = conv.weight.data.to(dtype).float()  # as it is rounded for the product
    maps = torch.randn(3, channels, height, width).to(dtype)
    maps = maps.to(memory_format=torch.channels_last)
    exact = copy.deepcopy(conv).double()
    given = torch.randn_like(exact(maps.double())).to(dtype)
    expected = gradients(exact, exact.weight, maps.double(), given.double())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nas_tc.training.depthwise.library", lambda: library)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
            found = gradients(DepthwiseConv(conv), conv.weight, maps, given)
    rounding = 2**-8 if dtype == torch.bfloat16 else 1e-5  # of the gradient of the maps
    for ours, theirs, allowed in zip(found, expected, (rounding, 1e-5), strict=True):
        assert torch.allclose(ours, theirs, rtol=allowed, atol=allowed * theirs.abs().max().item())


def test_it_is_taken_where_it_is_faster():
    def conv(*args, channels=8, groups=8, **kwargs):
        return nn.Conv2d(channels, 8, *args, groups=groups, **kwargs)

    assert gains(conv(3, 2, 1))
    assert gains(conv(5))
    assert not gains(conv(3))  # oneDNN is as fast
    assert not gains(conv(9))
    assert not gains(conv(5, groups=4))
    assert not gains(conv(5, channels=8, groups=1))
    assert not gains(conv(5, dilation=2))
    assert not gains(conv((5, 3)))
    assert not gains(nn.BatchNorm2d(8))


@needs_library
def test_a_network_of_blocks_learns_the_same_with_it(monkeypatch):
    notation = "(3,8) | inverted[3](5,8)+inverted[3](5,12) | separable(3,16)/2"
    network = build(Architecture((3, 12, 12), parse_notation(notation), GAP, 5), seed=1)
    images = torch.rand(6, 3, 12, 12).to(memory_format=torch.channels_last)
    found = []
    for takes in (gains, lambda _: False):
        monkeypatch.setattr("nas_tc.training.fused_forward.gains", takes)
        one = copy.deepcopy(network).to(memory_format=torch.channels_last).train()
        scores = fused_forward(one)(images)
        scores.square().sum().backward()
        found.append([scores.detach(), *(each.grad for each in one.parameters())])
    for ours, theirs in zip(*found, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-3, atol=1e-4 * theirs.abs().max().item() + 1e-7)
