"""Blocks as values and text, their layers against torch, and what is refused."""

import json

import pytest
import torch
from hypothesis import given, settings

from block_strategies import any_block_networks, block_networks
from nas_tc.architecture import (
    GAP,
    Add,
    Architecture,
    Concat,
    Conv,
    Join,
    Scale,
    Stage,
    format_notation,
    nest,
    parse_notation,
    sources,
    walk,
)
from nas_tc.errors import ArchitectureError, NotationError, UnknownNameError
from nas_tc.module import join_module, modules_of
from nas_tc.zoo import ZOO
from strategies import any_architectures


@given(any_block_networks())
def test_json_and_notation_round_trip(arch):
    assert Architecture.from_json(arch.to_json()) == arch
    assert parse_notation(format_notation(arch.stages)) == arch.stages


@given(any_architectures())
def test_plain_networks_say_nothing_of_blocks(arch):
    assert not {"block", "lrn", "activation"} & set(json.dumps(arch.to_dict()).split('"'))


@settings(max_examples=150)
@given(block_networks())
def test_every_shape_is_what_torch_gives(arch):
    def run(nodes, values):
        for node in nodes:
            layer = node.layer if isinstance(node, Join) else node
            parts = [join_module(node)] if isinstance(node, Join) else modules_of(node)
            for module in parts:
                values = module.eval()(values)
            assert values[0].numel() == torch.Size(layer.output).numel(), layer.name
            if values.dim() == 4:
                assert tuple(values.shape[1:]) == layer.output, layer.name
        return values

    with torch.device("meta"):
        assert run(nest(walk(arch)), torch.zeros(2, *arch.input)).shape == (2, arch.classes)


@given(block_networks())
def test_layers_come_behind_what_feeds_them(arch):
    layers = walk(arch)
    assert len({layer.name for layer in layers}) == len(layers)
    read = set()
    for number, feeds in enumerate(sources(layers)):
        assert all(-1 <= feed < number for feed in feeds)
        read |= set(feeds)
    assert read == set(range(-1, len(layers) - 1))  # all but the last are read


def layers_of(notation, channels=64, side=16):
    return walk(Architecture((channels, side, side), parse_notation(notation), GAP, 10))


def test_a_shortcut_is_projected_where_the_shape_changes():
    assert [x.name for x in layers_of("basic(3,64)")][:3] == [
        "conv1.1.1",
        "conv1.1.2",
        "conv1.1.add",
    ]
    projected = [x.name for x in layers_of("basic(3,128)/2")]
    assert projected[:4] == ["conv1.1.1", "conv1.1.2", "conv1.1.shortcut", "conv1.1.add"]
    found = {x.name: x for x in layers_of("basic(3,128)/2")}
    assert found["conv1.1.shortcut"].source == "input"
    assert found["conv1.1.add"].sources == ("conv1.1.2", "conv1.1.shortcut")


def test_an_inverted_residual_is_linear_and_adds_where_it_can():  # Sandler et al. 2018, figure 4
    found = {x.name: x for x in layers_of("inverted[6](3,24)/2+inverted[6](3,24)")}
    assert found["conv1.1.project"].activation is None
    assert found["conv1.2.expand"].n_out == 144
    assert found["conv1.2.depthwise"].groups == 144
    assert "conv1.1.add" not in found
    assert found["conv1.2.add"].sources == ("conv1.2.project", "conv1.1.project")
    assert "conv1.1.expand" not in {x.name for x in layers_of("inverted[1](3,64)")}


def test_squeeze_and_excitation_squeezes_the_blocks_input():  # Tan & Le 2019
    found = {x.name: x for x in layers_of("inverted[6,se=4](3,64)")}
    assert found["conv1.1.reduce"].n_out == 16
    assert found["conv1.1.excite"].n_out == 384
    assert isinstance(found["conv1.1.scale"], Scale)


def test_an_inception_block_has_four_branches():
    layers = layers_of("inception[64,96,128,16,32,32](3,256)")
    concat = next(x for x in layers if isinstance(x, Concat))
    assert len(concat.sources) == 4
    assert concat.output == (256, 16, 16)
    assert [x.filter for x in layers if isinstance(x, Conv)] == [1, 1, 3, 1, 5, 1]


def test_residual_sums_meet_equal_shapes():
    for name in ("resnet18", "resnet50", "mobilenetv2", "efficientnet-b0"):
        layers = walk(ZOO[name].architecture)
        for layer, feeds in zip(layers, sources(layers), strict=True):
            if isinstance(layer, Add):
                assert {layers[feed].output for feed in feeds} == {layer.output}


@pytest.mark.parametrize(
    ("notation", "complaint"),
    [
        ("plain[groups=3](3,64)", "conv1.1: 64 input channels cannot be split into 3 groups"),
        ("plain[groups=4](3,30)", "conv1.1: 30 filters cannot be split into 4 groups"),
        ("(3,64) | depthwise(3,96)", "conv2.1: a depthwise convolution of 64 channels"),
        ("bottleneck(3,30)", "conv1.1: a width of 30 cannot be reduced 4 times"),
        ("inception[1,2,3,4,5,6](3,16)", r"conv1.1: .* 1 \+ 3 \+ 5 \+ 6 = 15 .* the width is 16"),
        ("inception[1,2,3,4,5,6](3,15)/2", "conv1.1: an inception block has no stride"),
        ("plain[dilation=9](3,64)p0", "conv1.1: a 3x3 filter with dilation 9 does not fit a map"),
        ("(3,64) | separable(9,64)p0", "conv2.1: a 9x9 filter does not fit a map of 8 pixels"),
    ],
)
def test_impossible_blocks_name_the_layer_and_the_rule(notation, complaint):
    side = 8 if "9" in notation and "groups" not in notation else 16
    arch = Architecture((64, side, side), parse_notation(notation), GAP, 10)
    with pytest.raises(ArchitectureError, match=complaint):
        walk(arch)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("(3,8) | basix(3,8)", "part 2 .*unknown block 'basix'"),
        ("basic(3,8)+(3,8)", "one block; split it"),
        ("(3,8) lrn | 2/2 lrn", "one lrn"),
        ("(3,8) | 2/2p2", "part 2 .*pads 0 to 1"),
    ],
)
def test_notation_of_blocks_that_cannot_be_read(text, complaint):
    with pytest.raises(NotationError, match=complaint):
        parse_notation(text)


def test_json_names_the_stage():
    values = Architecture((3, 32, 32), (Stage(1, 8, 3),), GAP, 10).to_dict()
    values["stages"].append({"depth": 1, "width": 8, "filter": 3, "block": "basix"})
    with pytest.raises(UnknownNameError, match="stage 2: unknown block 'basix'"):
        Architecture.from_dict(values)
    with pytest.raises(UnknownNameError, match="unknown activation 'gelu'"):
        Architecture.from_dict({**values, "stages": values["stages"][:1], "activation": "gelu"})
