"""Spaces around networks."""

import pytest
from hypothesis import given, settings

from block_strategies import block_networks
from nas_tc.architecture import KEEPS_MAP, Architecture, parse_notation
from nas_tc.errors import SpaceError, UnknownNameError
from nas_tc.replacement import replacements
from nas_tc.space import Reach, count_networks, space_around
from nas_tc.zoo import find_network
from strategies import architectures

FIXED = (
    *("depth=1..1", "width=1..1", "filter=no", "block=no", "stride=no", "pool=no", "stage=no"),
)


def of(notation, side=32):
    return Architecture((3, side, side), parse_notation(notation), find_network("J").head, 10)


@settings(max_examples=30)
@given(architectures() | block_networks())
def test_a_network_is_in_its_own_space(network):
    space = space_around(network, "mine")
    if network.stages[-1].pool is None and all(
        stage.lrn == "none" and _pads_by_rule(stage) for stage in network.stages
    ):
        assert space.decode(space.encode(network)) == network
    assert (space.input, space.head, space.norm, space.classes, space.activations) == (
        network.input,
        network.head,
        network.norm,
        network.classes,
        (network.activation,),
    )
    assert len(space.stages) in (len(network.stages), len(network.stages) + 1)


def _pads_by_rule(stage):
    return stage.padding is None or not isinstance(stage.block, KEEPS_MAP)


@pytest.mark.parametrize("name", ["J", "resnet18", "mobilenetv2", "lenet5", "vgg16"])
def test_networks_of_the_zoo_are_in_theirs(name):
    network = find_network(name)
    space = space_around(network, "mine")
    assert space.decode(space.encode(network)) == network
    assert count_networks(space_around(network, "mine", Reach.parse(FIXED))) == 1


def test_most_replacements_are_within_reach():
    network = of("(3,32)x2 | 2/2 | (3,64)x4 | 2/2 | (3,128)x4")
    space = space_around(network, "mine", Reach.parse(["depth=0.5..3", "width=0.25..4"]))
    found = {}
    kinds = ("depth-filter", "depth-width", "width-filter", "pooling", "delay")
    for each in replacements(network, tolerance=0.3, kinds=kinds):
        reached = all(
            stage.depth in choices.depth and stage.filter in choices.filter
            for stage, choices in zip(each.architecture.stages, space.stages, strict=False)
        )
        found.setdefault(each.trade_off, []).append(reached)
    assert set(found) == set(kinds)
    assert all(any(reached) for reached in found.values())


def test_bounds_are_kept():
    network = of("(3,32)x2 | 2/2 | (3,64)x4")
    fixed = Reach.parse([*FIXED[:-1], "stage=yes"])
    space = space_around(network, "mine", fixed)
    stages = [stage for stage in space.stages if 0 not in stage.depth]
    assert [(s.depth, s.width, s.filter, s.stride) for s in stages] == [
        ((2,), (32,), (3,), (1,)),
        ((4,), (64,), (3,), (1,)),
    ]
    alone = space_around(network, "mine", Reach.parse(FIXED))
    assert count_networks(alone) == 1
    assert alone.decode({}) == network
    wide = space_around(network, "mine", Reach.parse(["width=1..4", "filter=3,7"]))
    assert wide.stages[0].width == (32, 48, 64, 96, 128)
    assert wide.stages[0].filter == (3, 7)
    deep = space_around(of("(3,8)x20"), "mine", Reach.parse(["depth=0.25..4"]))
    assert 20 in deep.stages[0].depth
    assert len(deep.stages[0].depth) <= 5


def test_a_stage_on_smaller_maps_may_follow():  # He & Sun 2015, section 4.5: E becomes J
    network = of("(3,32)x2 | 2/2 | (3,64)x4")
    space = space_around(network, "mine")
    longer = of("(3,32)x2 | 2/2 | (3,64)x2 | 2/2 | (3,96)x2")
    assert space.decode(space.encode(longer)) == longer
    small = of("(3,32) | 4/4 | (3,64)/4")  # its last map has 2 x 2 pixels
    assert len(space_around(small, "mine").stages) == 2


@pytest.mark.parametrize(
    ("texts", "error", "complaint"),
    [
        (
            ["heigth=1..2"],
            UnknownNameError,
            "unknown bound 'heigth'.* known: depth, width, fil",
        ),
        (["width"], SpaceError, "width is a range of factors around 1, as in width=0.5..2, not ''"),
        (["width=2..4"], SpaceError, "around 1, as in width=0.5..2, not '2..4'"),
        (["depth=0..2"], SpaceError, "range of factors"),
        (["width=1..99"], SpaceError, "range of factors"),
        (["filter=0"], SpaceError, "sides in pixels, as in filter=3,5, not '0'"),
        (["pool=maybe"], SpaceError, "pool is yes or no, not 'maybe'"),
    ],
)
def test_bounds_that_cannot_be_read(texts, error, complaint):
    with pytest.raises(error, match=complaint):
        Reach.parse(texts)
