"""Which known networks the shipped spaces for larger images contain."""

from dataclasses import replace

import pytest

from nas_tc.architecture import format_notation
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.errors import SpaceError
from nas_tc.families import find_family, fit_family
from nas_tc.space import Feasible, count_networks, extreme_network, load_space
from nas_tc.zoo import ZOO
from nas_tc.zoo.mobilenet import mobilenetv2_stages


def fitted(space, family, budget):
    """The network that `nas-tc fit` cuts to a budget on the space's images."""
    limits = resolve_budget(parse_budget(budget), space.input, space.classes).caps
    return fit_family(
        find_family(family), limits, space.input, space.classes, norm=space.norm, head=space.head
    ).architecture


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("residual-224", {"resnet18", "resnet34", "resnet50", "resnet101"}),
        ("mobile-224", {"mobilenetv2", "efficientnet-b0"}),
    ],
)
def test_members_from_the_zoo(name, known):
    found = set()
    for entry in ZOO.values():
        network = entry.architecture
        space = load_space(name).at(load_space(name).input, network.classes)
        try:
            values = space.encode(network)
        except SpaceError:
            continue
        if space.decode(values) == network:
            found.add(entry.name)
    assert found == known


@pytest.mark.parametrize(
    ("name", "budget", "notation"),
    [
        ("tiny-96", "5M", "(7,16)/4p3 | 3/2p1 | basic(3,16)x2 | basic(3,32)/2+basic(3,32)x2"),
        (
            "mixed-64",
            "12M",
            "(3,16)/2 | 3/2p1 | basic(3,16)x3 | basic(3,32)/2+basic(3,32)x2 "
            "| basic(3,64)/2+basic(3,64)x3",
        ),
        (
            "residual-224",
            "15M",
            "(15,16)/8p7 | 3/2p1 | basic(3,16)x3 | basic(3,32)/2+basic(3,32)x3",
        ),
        (
            "residual-224",
            "60M",
            "(7,20)/4p3 | 3/2p1 | basic(3,20)x3 | basic(3,40)/2+basic(3,40)x2 "
            "| basic(3,80)/2+basic(3,80)x2",
        ),
        (
            "residual-224",
            "300M",
            "(7,24)/2p3 | 3/2p1 | basic(3,24)x2 | basic(3,48)/2+basic(3,48) "
            "| basic(3,96)/2+basic(3,96) | basic(3,192)/2+basic(3,192)",
        ),
    ],
)
def test_resnet_cut_to_a_budget_is_a_member(name, budget, notation):
    space = load_space(name)
    network = fitted(space, "resnet", budget)
    assert format_notation(network.stages) == notation
    assert space.decode(space.encode(network)) == network


def test_the_width_multipliers_of_mobilenetv2_that_mobile_224_has():
    space = load_space("mobile-224")
    network = replace(space.at(space.input, 1000).decode(_first(space)), activation="relu6")

    def is_member(multiplier):
        thinner = replace(network, stages=mobilenetv2_stages(multiplier, 5))
        try:
            return space.decode(space.encode(thinner)) == replace(thinner, classes=space.classes)
        except SpaceError:
            return False

    found = [each for each in (0.35, 0.5, 0.75, 1.0, 1.4) if is_member(each)]
    assert found == [0.35, 1.0]


def _first(space):
    return {gene.name: gene.choices[0] for gene in space.genes} | {"resolution": 224}


@pytest.mark.parametrize(
    ("name", "networks", "cheapest"),
    [
        ("tiny-96", 83_870_208_000, 33_128),
        ("mixed-64", 467_538_480_000, 68_432),
        ("residual-224", 7_460_294_400, 151_552),
        ("mobile-224", 150_709_526_152_704, 255_488),
    ],
)
def test_how_many_networks_there_are_and_what_the_cheapest_costs(name, networks, cheapest):
    space = load_space(name)
    assert count_networks(space) == networks
    assert complexity(extreme_network(space, "cheapest")) == cheapest
    assert Feasible(space, 0, cheapest - 1).count == 0
    listed = Feasible(space, 0, cheapest)
    assert {complexity(space.decode(each)) for each in listed.values(listed.all())} == {cheapest}
