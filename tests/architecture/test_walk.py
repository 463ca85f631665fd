"""The shape walk against the maps that the paper states and that torch computes."""

import pytest
import torch
from hypothesis import given

from nas_tc.architecture import (
    GAP,
    Architecture,
    Conv,
    Linear,
    MaxPool,
    Stage,
    parse_notation,
    walk,
)
from nas_tc.errors import ArchitectureError
from nas_tc.module import build, modules_of
from nas_tc.zoo import ZOO
from strategies import architectures


@given(architectures())
def test_every_shape_is_what_torch_gives(arch):
    values = torch.zeros(2, *arch.input)
    for layer in walk(arch):
        assert values[0].numel() == torch.Size(layer.input).numel()
        for module in modules_of(layer):
            values = module.eval()(values)
        assert values[0].numel() == torch.Size(layer.output).numel()
        if isinstance(layer, Conv | MaxPool):
            assert tuple(values.shape[1:]) == layer.output
    assert values.shape == (2, arch.classes)
    assert build(arch).eval()(torch.zeros(2, *arch.input)).shape == (2, arch.classes)


@pytest.mark.parametrize("name", "ABCDEFGHIJ")
def test_maps_are_dominantly_36_18_and_6(name):  # He & Sun 2015, caption of Table 1
    sides = {"1": {109}, "2": {36, 35}, "3": {18, 17}, "4": {6, 5}}
    for layer in walk(ZOO[name].architecture):
        if isinstance(layer, Conv):
            assert layer.output[1] in sides[layer.name[4]]
            assert layer.output[1] == layer.output[2]


def test_delayed_subsampling_keeps_the_maps():  # section 4.6
    delayed = [c.output[1] for c in walk(ZOO["J'"].architecture) if isinstance(c, Conv)]
    assert delayed == [109, 36, 35, 36, 35, 18, 17, 18, 17, 6, 5]


def test_two_2x2_filters_pad_nothing_and_one():  # section 5
    convs = [c for c in walk(ZOO["B"].architecture) if isinstance(c, Conv) and c.filter == 2]
    assert [c.padding for c in convs] == [0, 1, 0, 1, 0, 1]


def test_paddings_of_section_5():
    convs = [
        layer
        for layer in walk(
            Architecture((3, 64, 64), parse_notation("(7,8)|(5,8)|(3,8)|(1,8)|(7,8)"), GAP, 10)
        )
        if isinstance(layer, Conv)
    ]
    assert [c.padding for c in convs] == [0, 2, 1, 0, 3]


def test_the_fc_layers_of_the_paper():  # 50 bins of 256 maps, 4096, 4096, 1000
    linear = [layer for layer in walk(ZOO["J"].architecture) if isinstance(layer, Linear)]
    assert [(layer.input[0], layer.n_out) for layer in linear] == [
        (12800, 4096),
        (4096, 4096),
        (4096, 1000),
    ]
    assert [layer.dropout for layer in linear] == [0.5, 0.5, 0.0]


@pytest.mark.parametrize(
    ("notation", "side", "layer"),
    [
        ("(3,8)p0x20", 32, r"conv1\.16: a 3x3 filter does not fit a map of 2 pixels"),
        ("(3,8) | 2/2 | (3,8) | 40/2", 32, r"pool2: a 40x40 pooling window"),
        (
            "(7,8)/2 | 2/2 | (2,8)x3 | 2/2 | (2,8)x3",
            12,
            r"conv2\.1: a 2x2 filter does not fit a map of 1 pixel;",
        ),
        ("(5,8)", (9, 1), None),
        ("(7,8)", (9, 6), r"conv1\.1: a 7x7 filter does not fit a map of 6 pixels"),
    ],
)
def test_a_map_that_shrinks_to_nothing_is_named(notation, side, layer):
    height, width = side if isinstance(side, tuple) else (side, side)
    arch = Architecture((3, height, width), parse_notation(notation), GAP, 10)
    if layer is None:
        assert walk(arch)
        return
    with pytest.raises(ArchitectureError, match=layer):
        walk(arch)


def test_an_even_filter_alone_loses_a_pixel():
    arch = Architecture((3, 10, 10), (Stage(3, 4, 2),), GAP, 10)
    assert [layer.output[1] for layer in walk(arch) if isinstance(layer, Conv)] == [9, 10, 9]
