"""The layers of our own compute what torch's do, or what torch's should."""

import subprocess
import sys

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nan_memory import free_memory_full_of_nan
from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.module import build
from nas_tc.module.layers import ColumnConv2d, PointConv2d, PyramidPool


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
    [
        "(3,20) | plain[dilation=2](3,20)",
        "(3,32) | plain[groups=32,dilation=2](3,32)",
        "(3,32) | plain[groups=32,dilation=2](1,32)",
    ],
)
def test_dilated_filters_have_the_gradients_of_float32_in_bfloat16(notation):
    # With torch's own convolution a gradient holds NaN, on processors with avx512_bf16.
    stages = parse_notation(notation)
    network = build(Architecture((3, 40, 40), stages, GAP, 5, norm="none"))
    images = torch.rand(3, 3, 40, 40).to(memory_format=torch.channels_last)
    found = []
    for mixed in (False, True, True, True):
        free_memory_full_of_nan()
        network.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
            scores = network(images)
        scores.float().square().sum().backward()
        found.append([p.grad.clone() for p in network.parameters()])
    for gradients in found[1:]:
        for rough, exact in zip(gradients, found[0], strict=True):
            assert torch.allclose(rough, exact, atol=0.1 * exact.abs().max().item())


@st.composite
def columns(draw):
    """A strided convolution whose output is one pixel wide, and the size of its maps."""
    size, stride = draw(st.integers(1, 7)), draw(st.integers(2, 4))
    padding = draw(st.integers(0, min(3, size - 1)))
    least = max(1, size - 2 * padding)
    width = draw(st.integers(least, max(least, size + stride - 2 * padding - 1)))
    height = draw(st.just(width) | st.integers(least, 9))
    assume(width + 2 * padding < size + stride)
    groups = draw(st.integers(1, 2))
    n_in, n_out = (groups * draw(st.sampled_from([1, 8, 24, 32])) for _ in range(2))
    options = {"stride": stride, "padding": padding, "groups": groups, "bias": draw(st.booleans())}
    return ColumnConv2d(n_in, n_out, size, **options), (height, width)


@settings(max_examples=50)
@given(columns(), st.data())
def test_a_column_convolution_computes_what_torchs_does(column, data):
    ours, (height, width) = column
    wider = data.draw(st.sampled_from([0, 0, 0, 5]))  # than what it is built for
    maps = torch.rand(2, ours.in_channels, height, width + wider)
    mixed, exact = both_in_bfloat16_and_exactly(ours, maps)
    for rough, fine in zip(mixed, exact, strict=True):
        # bfloat16 has 8 bits; what is left where sums cancel is measured by their terms
        assert torch.allclose(rough, fine, rtol=0.02, atol=0.02 * fine.abs().max().item() + 0.02)


def both_in_bfloat16_and_exactly(convolution, maps):
    """Output and gradients of the convolution under autocast, and of torch's own in float64."""
    theirs = torch.nn.Conv2d(
        convolution.in_channels,
        convolution.out_channels,
        convolution.kernel_size,
        convolution.stride,
        convolution.padding,
        groups=convolution.groups,
        bias=convolution.bias is not None,
    ).double()
    theirs.load_state_dict(convolution.state_dict())
    slopes = torch.rand_like(theirs(maps.double()))
    found = []
    for each, mixed, dtype in ((convolution, True, torch.float), (theirs, False, torch.double)):
        each.to(memory_format=torch.channels_last)
        leaf = maps.to(dtype, memory_format=torch.channels_last).requires_grad_()
        free_memory_full_of_nan()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
            scores = each(leaf)
        free_memory_full_of_nan()
        (scores.double() * slopes).sum().backward()
        gradients = [p.grad for p in each.parameters()]
        assert gradients[0].is_contiguous(memory_format=torch.channels_last)
        found.append([part.double() for part in (scores, leaf.grad, *gradients)])
    return found


@settings(max_examples=25)
@given(columns())
def test_a_column_convolution_is_torchs_own_in_float32(column):
    ours, size = column
    maps = torch.rand(2, ours.in_channels, *size)
    assert torch.equal(ours(maps), super(ColumnConv2d, ours).forward(maps))


def test_a_column_convolution_refuses_what_does_not_fit():
    with torch.autocast("cpu", dtype=torch.bfloat16), pytest.raises(RuntimeError, match="size"):
        ColumnConv2d(3, 5, 3, stride=2)(torch.rand(2, 3, 4, 2))


@pytest.mark.parametrize(
    ("notation", "side"),
    [
        ("(3,16)/2 | 3/2 | (2,32)/2+(2,32)x2 | 3/2 | (2,192)/2", (32, 32)),
        ("(5,24)/2+(5,24) | 2/2 | (3,16)/2+(3,16)+(3,64) | 3/2 | (3,64)/2+(3,64)x2", (32, 32)),
        ("(3,16)/2 | 2/2 | (3,32)/2 | basic(3,32)/2", (64, 8)),
        ("(3,16)/2 | 2/2 | separable(3,32)/2", (16, 4)),
    ],
)
def test_strides_that_leave_one_pixel_have_the_gradients_of_float32_in_bfloat16(notation, side):
    # With torch's own convolution gradients hold NaN or 1e30, on processors with AMX.
    network = build(Architecture((3, *side), parse_notation(notation), GAP, 5, norm="none"))
    assert any(isinstance(module, ColumnConv2d) for module in network.modules())
    images = torch.rand(32, 3, *side).to(memory_format=torch.channels_last)
    found = []
    for mixed in (False, True, True, True):
        network.zero_grad()
        free_memory_full_of_nan()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
            scores = network(images)
        free_memory_full_of_nan()
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
