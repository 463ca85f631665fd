"""Spaces against brute force: every setting decoded, every network counted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brute_force import every_network
from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.cost import complexity
from nas_tc.errors import SpaceError
from nas_tc.space import Space, StageChoices, count_networks, extreme_network, load_space
from nas_tc.zoo import ZOO
from strategies import spaces


@settings(max_examples=50)
@given(spaces().filter(lambda space: space.settings <= 1000))
def test_size_and_extremes_equal_brute_force(space):
    networks = every_network(space)
    assert count_networks(space) == len(networks)
    if not networks:
        with pytest.raises(SpaceError, match="no network of the space"):
            extreme_network(space, "cheapest")
        return
    costs = [complexity(network) for network in networks]
    assert complexity(extreme_network(space, "cheapest")) == min(costs)
    assert complexity(extreme_network(space, "costliest")) == max(costs)
    assert {extreme_network(space, which) for which in ("cheapest", "costliest")} <= networks


@settings(max_examples=50)
@given(spaces(), st.data())
def test_encoding_is_undone_by_decoding(space, data):
    values = {gene.name: data.draw(st.sampled_from(gene.choices)) for gene in space.genes}
    architecture = space.decode(values)
    encoded = space.encode(architecture)
    assert encoded.keys() == {gene.name for gene in space.genes}
    assert space.decode(encoded) == architecture


@pytest.mark.parametrize("name", [*"ABCDEHIJ", "J'"])
def test_the_papers_networks_are_in_its_space(name):
    space = load_space("he-sun-224")
    architecture = ZOO[name].architecture
    stages = space.decode(space.encode(architecture)).stages
    assert stages == architecture.stages


def test_networks_outside_are_refused():
    space = load_space("plain-32")
    for notation, complaint in (
        ("(3,8) | 2/2 | (3,32) | 2/2 | (3,64) | (3,64)", "3 stages: 4 given"),
        ("(4,8) | 2/2 | (3,32) | 2/2 | (3,64)", "stage 1 cannot have filter 4"),
        ("(3,8) | 2/2 | (3,32) | 3/3 | (3,64)", "stage 2 cannot have pool 3/3"),
        ("(3,8)+(3,16) | 2/2 | (3,32) | 2/2 | (3,64)", "ties widths"),
    ):
        architecture = Architecture(space.input, parse_notation(notation), GAP, 10)
        with pytest.raises(SpaceError, match=complaint):
            space.encode(architecture)


def test_a_stage_that_is_left_out_takes_its_pooling_along():
    space = load_space("he-sun-224")
    values = {gene.name: gene.choices[0] for gene in space.genes} | {"stage4.depth": 0}
    assert len(space.decode(values).stages) == 3
    assert space.decode(values).stages[-1].pool is None


def test_at_changes_input_and_classes():
    space = load_space("plain-32").at((1, 28, 28), 7)
    architecture = extreme_network(space, "cheapest")
    assert (architecture.input, architecture.classes) == ((1, 28, 28), 7)


@pytest.mark.parametrize(
    ("stages", "complaint"),
    [
        ((), "at least one"),
        ((StageChoices((0, 1), (8,), (3,)),), "stage 1 cannot have a depth of 0"),
        (
            (
                StageChoices((1,), (8,), (3,)),
                StageChoices((0, 1), (8,), (3,)),
                StageChoices((1,), (8,), (3,)),
            ),
            "stage 3 must allow it too",
        ),
        ((StageChoices((1,), (8,), (3,), pool=("2/2",)),), "the last stage has a pooling"),
    ],
)
def test_spaces_that_make_no_sense(stages, complaint):
    with pytest.raises(SpaceError, match=complaint):
        Space("odd", (3, 32, 32), GAP, stages)
