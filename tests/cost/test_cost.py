"""Costs against the paper's table and against fvcore."""

import logging

import pytest
import torch
from fvcore.nn import FlopCountAnalysis
from hypothesis import given, settings

import nas_tc
from nas_tc.architecture import SPP, Architecture, parse_notation
from nas_tc.cost import complexity, network_cost
from nas_tc.errors import ArchitectureError, UnknownNameError
from nas_tc.module import build
from nas_tc.zoo import ZOO
from strategies import architectures

logging.getLogger("fvcore").setLevel(logging.ERROR)

# He & Sun 2015, Table 1, column "comp.": relative to A, two decimals.
TABLE_1 = {"A": 1, "B": 0.96, "C": 1.02, "E": 0.99, "F": 1, "G": 1, "H": 0.97, "I": 0.93}
PRINTED_APART = {"D": (0.98, 0.9856), "J": (0.98, 0.9702)}  # the paper's figure and ours


def relative_to_a(name):
    return complexity(ZOO[name].architecture) / complexity(ZOO["A"].architecture)


@pytest.mark.parametrize("name", TABLE_1)
def test_table_1(name):
    assert round(relative_to_a(name), 2) == TABLE_1[name]


@pytest.mark.parametrize("name", PRINTED_APART)
def test_table_1_where_the_paper_prints_another_figure(name):
    # D differs from A as B and C do together, 1.0248 + .9608 - 1 = .9856; the paper's .98 is what
    # their rounded figures add up to. J: see docs/cost-model.md.
    printed, ours = PRINTED_APART[name]
    assert relative_to_a(name) == pytest.approx(ours, abs=5e-5)
    assert relative_to_a(name) == pytest.approx(printed, abs=0.0101)


def test_table_1_exactly():
    assert complexity(ZOO["A"].architecture) == 854_954_688
    for name, share in zip(
        "ABCDEFGHIJ",
        (1, 0.9608, 1.0248, 0.9856, 0.9898, 1, 1, 0.9690, 0.9297, 0.9702),
        strict=True,
    ):
        assert relative_to_a(name) == pytest.approx(share, abs=5e-5)


def test_delayed_subsampling_hardly_changes_the_complexity():  # section 4.6
    ratio = complexity(ZOO["J'"].architecture) / complexity(ZOO["J"].architecture)
    assert ratio == pytest.approx(1, abs=0.01)


def test_alexnet():
    found = network_cost(ZOO["alexnet"].architecture)
    assert found.complexity == 1_076_634_144
    # Krizhevsky et al. 2012 without the split over two GPUs, as torch's and Caffe's users count.
    assert found.params == 62_378_344


def test_equation_11_is_exact():
    # 256*2^2*256 + 256*2^2*256 = (256*2^2*2304 + 2304*2^2*256) / 3^2, on maps of 18 and of 6
    before = Architecture((256, 18, 18), parse_notation("(2,256)p0x2"), SPP, 10)
    after = Architecture((256, 6, 6), parse_notation("(2,2304)p0+(2,256)p0"), SPP, 10)
    per_position = [
        sum(
            layer.complexity // (layer.output[1] * layer.output[2])
            for layer in network_cost(arch).layers
            if layer.kind == "conv"
        )
        for arch in (before, after)
    ]
    assert per_position[0] * 9 == per_position[1]


@settings(max_examples=200)
@given(architectures())
def test_formula_agrees_with_fvcore(arch):
    found = network_cost(arch)
    network = build(arch).eval()
    counted = FlopCountAnalysis(network, torch.zeros(1, *arch.input)).by_operator()
    assert found.complexity == complexity(arch) == counted["conv"]
    assert found.macs - found.complexity == counted["linear"]
    assert found.params == sum(each.numel() for each in network.parameters())


@given(architectures())
def test_layers_add_up(arch):
    found = network_cost(arch)
    assert found.macs == sum(layer.macs for layer in found.layers)
    assert found.activation_bytes == sum(
        4 * torch.Size(layer.output).numel() for layer in found.layers
    )


def test_the_package_can_be_called():
    assert nas_tc.cost("J").complexity == 829_493_952
    assert nas_tc.cost("(3,8)", input=(1, 8, 8), classes=4).complexity == 9 * 8 * 64
    assert nas_tc.cost(ZOO["A"].architecture).complexity == 854_954_688


def test_errors_of_the_call():
    with pytest.raises(UnknownNameError, match="did you mean 'alexnet'"):
        nas_tc.cost("alexnett")
    with pytest.raises(ArchitectureError, match="pool1"):
        nas_tc.cost("J", input=(3, 8, 8))
