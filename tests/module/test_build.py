import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nas_tc.architecture import GAP, SPP, Architecture, parse_notation
from nas_tc.module import build
from nas_tc.module.layers import PointConv2d, PyramidPool
from strategies import architectures

SMALL = Architecture((3, 16, 16), parse_notation("(3,8)x2 | 2/2 | (3,16)"), GAP, classes=5)


def test_the_same_seed_gives_the_same_network():
    def weights(seed):
        return torch.cat([p.flatten() for p in build(SMALL, seed=seed).parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_the_signal_keeps_its_spread_through_deep_networks():  # He et al. 2015, Eqn. 10
    deep = Architecture((3, 24, 24), parse_notation("(3,64)x20"), GAP, 10, norm="none")
    network = build(deep, seed=0).eval()
    maps = torch.randn(8, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    spread = []
    with torch.inference_mode():
        for module in network.layers[:-3]:
            maps = module(maps)
            if isinstance(module, torch.nn.ReLU):
                spread.append(maps.square().mean().item())
    # torch's own initialisation loses a factor of six a layer, so 6^20; borders cost us some.
    assert 0.01 < spread[-1] / spread[0] < 100


def test_moments_are_part_of_the_network():
    plain, shifted = build(SMALL).eval(), build(SMALL, mean=[0.2] * 3, std=[0.5] * 3).eval()
    images = torch.rand(2, 3, 16, 16)
    assert torch.allclose(plain((images - 0.2) / 0.5), shifted(images), atol=1e-5)
    assert shifted.state_dict()["normalize.mean"].flatten().tolist() == [torch.tensor(0.2)] * 3


@given(architectures())
def test_weights_are_in_channels_last_and_biases_zero(arch):
    network = build(arch)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            assert module.weight.is_contiguous(memory_format=torch.channels_last)
            assert (module.bias is None) == (arch.norm == "batch")
            assert module.bias is None or not module.bias.any()


@given(
    channels=st.integers(1, 15),
    stride=st.integers(2, 3),
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    bias=st.booleans(),
)
def test_a_point_convolution_computes_what_torchs_does(channels, stride, height, width, bias):
    ours = PointConv2d(channels, 5, 1, stride=stride, bias=bias).double()  # not by oneDNN
    theirs = torch.nn.Conv2d(channels, 5, 1, stride=stride, bias=bias).double()
    theirs.load_state_dict(ours.state_dict())
    maps = torch.rand(2, channels, height, width, dtype=torch.double)
    found = []
    for convolution in (ours, theirs):
        leaf = maps.clone(memory_format=torch.channels_last).requires_grad_()
        scores = convolution(leaf)
        scores.square().sum().backward()
        found.append([scores, leaf.grad, *(each.grad for each in convolution.parameters())])
    for our, their in zip(*found, strict=True):
        assert torch.allclose(our, their)


_TRAIN_NARROW_POINTS = """
import torch
from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.timing import training_step

narrow = Architecture((3, 112, 112), parse_notation("(1,4)/2 | (1,8)/2"), GAP, 5, norm="none")
for dtype in (torch.float32, torch.bfloat16):
    for threads in (1, 2):
        torch.set_num_threads(threads)
        run = training_step(narrow, batch=3, dtype=dtype)
        for _ in range(20):
            run()
"""


def test_narrow_strided_points_are_trained_without_a_crash():
    # With torch's own convolution this process ends in a segmentation fault, on x86 processors.
    command = [sys.executable, "-X", "faulthandler", "-c", _TRAIN_NARROW_POINTS]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(
    "notation",
    ["(3,20) | plain[dilation=2](3,20)", "(3,32) | plain[groups=32,dilation=2](3,32)"],
)
def test_dilated_filters_have_the_gradients_of_float32_in_bfloat16(notation):
    # With torch's own convolution a gradient holds NaN, on processors with avx512_bf16.
    stages = parse_notation(notation)
    network = build(Architecture((3, 40, 40), stages, GAP, 5, norm="none"))
    images = torch.rand(3, 3, 40, 40).to(memory_format=torch.channels_last)
    found = []
    for mixed in (False, True, True, True):
        freed = [torch.full((4000 * size,), torch.nan) for size in range(1, 10)]
        del freed  # leaves memory behind that shows when it is taken for numbers
        network.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
            scores = network(images)
        scores.float().square().sum().backward()
        found.append([p.grad.clone() for p in network.parameters()])
    for gradients in found[1:]:
        for rough, exact in zip(gradients, found[0], strict=True):
            assert torch.allclose(rough, exact, atol=0.1 * exact.abs().max().item())


def test_pyramid_pooling_of_the_papers_maps():
    # 18x18 maps: bins of 3, 6, 9 and 18 pixels, as sliding windows give them (section 5)
    maps = torch.rand(2, 4, 18, 18)
    levels = [torch.nn.functional.max_pool2d(maps, size).flatten(1) for size in (3, 6, 9, 18)]
    assert torch.equal(PyramidPool(6, 3, 2, 1)(maps), torch.cat(levels, 1))
    assert PyramidPool(1, average=True)(maps).allclose(maps.mean((2, 3)))


def test_alexnets_last_pooling_is_a_pyramid_level():
    maps = torch.rand(1, 4, 13, 13)
    assert torch.equal(
        PyramidPool(6)(maps), torch.nn.functional.max_pool2d(maps, 3, stride=2).flatten(1)
    )


def test_the_papers_head_is_built():
    arch = Architecture((3, 64, 64), parse_notation("(7,8)/2 | 3/3 | (3,8)"), SPP, 10, "none")
    linear = [m for m in build(arch).modules() if isinstance(m, torch.nn.Linear)]
    assert [(m.in_features, m.out_features) for m in linear] == [
        (400, 4096),
        (4096, 4096),
        (4096, 10),
    ]
