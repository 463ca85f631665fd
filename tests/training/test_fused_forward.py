import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nas_tc.module import build
from nas_tc.training.fused_forward import fused_forward
from strategies import architectures


@settings(max_examples=25)
@given(architectures())
def test_the_fast_form_gives_the_same_scores_and_gradients(architecture):
    channels, height, width = architecture.input
    mean, std = [0.4] * channels, [0.2] * channels
    network = build(architecture, mean=mean, std=std).eval()  # no drop-out
    images = torch.rand(3, channels, height, width).to(memory_format=torch.channels_last)
    found = []
    for forward in (network, fused_forward(network)):
        network.zero_grad()
        scores = forward(images)
        scores.square().sum().backward()
        found.append((scores.detach(), [p.grad.clone() for p in network.parameters()]))
    (scores, gradients), (fast_scores, fast_gradients) = found
    scale = scores.abs().max().item() + 1e-3
    assert torch.allclose(scores, fast_scores, atol=1e-4 * scale)
    for ours, theirs in zip(fast_gradients, gradients, strict=True):
        assert torch.allclose(ours, theirs, atol=2e-3 * (theirs.abs().max().item() + 1e-6))


def test_the_gradient_of_the_average_lies_as_the_maps_do():
    from nas_tc.training.fused_forward import _global_average

    maps = torch.rand(2, 3, 4, 4).to(memory_format=torch.channels_last).requires_grad_()
    _global_average(maps)[0, 1, 0, 0].backward()
    assert maps.grad.is_contiguous(memory_format=torch.channels_last)
    expected = torch.zeros(2, 3, 4, 4)
    expected[0, 1] = 1 / 16
    assert torch.equal(maps.grad, expected)


@settings(max_examples=20)
@given(st.sampled_from([2, 3]), st.integers(1, 2), st.integers(0, 99))
def test_a_relu_after_the_pooling_gives_the_same_to_the_bit(size, stride, seed):
    from nas_tc.training.fused_forward import _pooled_first

    relu, pool = nn.ReLU(inplace=True), nn.MaxPool2d(size, stride)
    tanh = nn.Tanh()
    assert _pooled_first([tanh, relu, pool, relu]) == [tanh, pool, relu, relu]
    assert _pooled_first([relu, tanh, pool]) == [relu, tanh, pool]
    torch.manual_seed(seed)
    images = torch.randn(2, 4, 9, 9).mul(2).round()  # whole numbers: many are equal, or zero
    weights = torch.rand(9, 9)[: (9 - size) // stride + 1, : (9 - size) // stride + 1]
    found = []
    for layers in ([relu, pool], _pooled_first([relu, pool])):
        maps = images.to(torch.bfloat16, memory_format=torch.channels_last).requires_grad_()
        scores = nn.Sequential(*layers)(maps.clone())
        (scores * weights).sum().backward()
        found.append((scores.detach(), maps.grad))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])
