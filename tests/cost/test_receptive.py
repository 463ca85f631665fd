"""Receptive fields against the survey's table and against gradients."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings

from nas_tc.architecture import GAP, Architecture, Conv, parse_notation, walk
from nas_tc.cost.receptive import receptive_fields
from nas_tc.zoo import ZOO
from strategies import architectures


def last_field(notation, side=64):
    arch = Architecture((1, side, side), parse_notation(notation), GAP, 10)
    return receptive_fields(arch)[-2]


@pytest.mark.parametrize(
    ("notation", "size"),
    [
        ("(3,8)", 3),
        ("(3,8)x2", 5),
        ("(3,8)x3", 7),
        ("(3,8)x5", 11),
        ("(5,8)", 5),
        ("(11,8)p5", 11),
        ("plain[dilation=2](3,8)", 5),
        ("(3,8)/2+(3,8)", 7),
        ("(3,8) | 2/2 | (3,8)", 8),
        ("basic(3,8)x2", 9),
        ("inverted[6](5,8)", 5),
    ],
)
def test_the_surveys_table_and_its_recursion(notation, size):
    assert last_field(notation).size == size


# Araujo et al. 2019, "Computing receptive fields of convolutional neural networks", table.
PUBLISHED = {
    ("alexnet-torchvision", "pool"): 195,
    ("vgg16", "pool"): 212,
    ("resnet50", "conv5.3.add"): 483,
    ("resnet101", "conv5.3.add"): 1027,
    ("resnet152", "conv5.3.add"): 1507,
    ("mobilenet-1.0-224", "conv6.2.pointwise"): 315,
}


@pytest.mark.parametrize(("name", "layer"), PUBLISHED)
def test_published_fields(name, layer):
    fields = {field.name: field for field in receptive_fields(ZOO[name].architecture)}
    assert fields[layer].size == PUBLISHED[name, layer]


def influence(arch):
    """How the middle of the last map depends on each pixel, all weights being one."""
    values = images = torch.zeros(1, *arch.input, dtype=torch.float64, requires_grad=True)
    for layer in walk(arch):
        if isinstance(layer, Conv):
            taps = torch.ones(layer.n_out, layer.n_in, layer.filter, layer.filter).double()
            values = torch.nn.functional.conv2d(
                values, taps, stride=layer.stride, padding=layer.padding, dilation=layer.dilation
            )
    _, _, height, width = values.shape
    values[0, 0, height // 2, width // 2].backward()
    return images.grad[0, 0]


@pytest.mark.parametrize(
    "notation",
    [
        "(3,1)x8",
        "(5,1)x4",
        "(3,1)/2+(3,1)x5",
        "(2,1)x6",
        "plain[dilation=2](3,1)x4",
        "(7,1)p3|(3,1)x3",
    ],
)
def test_gradients_reach_as_far_and_spread_as_widely(notation):
    arch = Architecture((1, 129, 129), parse_notation(notation), GAP, 1)
    along = influence(arch).sum(0)
    places = torch.arange(129).double()
    reached = along.nonzero().flatten()
    weights = along / along.sum()
    centre = (weights * places).sum()
    variance = (weights * (places - centre) ** 2).sum().item()
    field = receptive_fields(arch)[-2]
    assert field.size == reached[-1] - reached[0] + 1
    assert field.variance == pytest.approx(variance)


def test_the_effective_field_is_a_part_of_the_theoretical():
    # Luo et al. 2016: it grows with the root of the depth. The survey says 30 to 50 %.
    def share(name):
        field = receptive_fields(ZOO[name].architecture)[-2]
        return round(field.effective / field.size, 2)

    names = ("vgg16", "resnet18", "resnet50", "resnet101", "resnet152")
    assert [share(name) for name in names] == [0.54, 0.50, 0.47, 0.31, 0.25]


@settings(max_examples=50)
@given(architectures())
def test_fields_only_grow(arch):
    fields = receptive_fields(arch)
    for before, behind in pairwise(fields):
        assert behind.size >= before.size
        assert behind.jump >= before.jump
    assert all(0 <= field.effective <= field.size for field in fields)
