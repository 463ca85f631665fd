"""Signatures of layers: what they share, and what they add up to."""

import pytest
from hypothesis import given

from nas_tc.architecture import GAP, Architecture, Join, nest, parse_notation, walk
from nas_tc.cost import network_cost
from nas_tc.latency import (
    nodes_of,
    signatures_of,
)
from nas_tc.zoo import ZOO
from strategies import architectures


@given(architectures())
def test_signatures_add_up_to_the_network(architecture):
    found = signatures_of(architecture)
    cost = network_cost(architecture)
    assert sum(signature.macs for signature in found) == cost.macs
    assert sum(signature.params for signature in found) == cost.params
    assert found[0].kind.startswith("first ")
    assert not any(signature.kind.startswith("first ") for signature in found[1:])


def test_a_name_does_not_count_and_a_shape_does():
    twice = Architecture((3, 16, 16), parse_notation("(3,4) | (3,4)x2"), GAP, 5)
    keys = [signature.key for signature in signatures_of(twice)]
    assert keys[0] == "first conv 3/1 pad 1 norm relu: 3x16x16>4x16x16"
    assert keys[1] == keys[2] == "conv 3/1 pad 1 norm relu: 4x16x16>4x16x16"
    assert len(set(keys)) == 4
    wider = [signature.key for signature in signatures_of(twice.at((3, 16, 18)))]
    assert not set(keys[:-1]) & set(wider[:-1])
    assert keys[-1] == wider[-1] == "fc: 4x1x1>5x1x1"


@given(architectures())
def test_a_part_by_part_walk_gives_the_same_nodes(architecture):
    assert nodes_of(architecture) == nest(walk(architecture))


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "mobilenetv2", "alexnet"])
def test_branches_are_one_layer(name):
    nodes = nodes_of(ZOO[name].architecture)
    assert nodes == nest(walk(ZOO[name].architecture))
    found = signatures_of(ZOO[name].architecture)
    assert len(found) == len(nodes)
    joins = [
        signature for node, signature in zip(nodes, found, strict=True) if isinstance(node, Join)
    ]
    assert all(signature.kind.removeprefix("first ").startswith("(") for signature in joins)
    assert bool(joins) == (name != "alexnet")
