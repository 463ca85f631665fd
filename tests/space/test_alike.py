"""The member of a space that is most like a network, against all of its members."""

from dataclasses import replace
from math import log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brute_force import every_network
from nas_tc.architecture import Architecture, Pool, format_notation, parse_notation
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.families import find_family, fit_family
from nas_tc.space import load_space, most_alike
from strategies import spaces

_NUMBERS = ("depth", "width", "last_width", "filter")


def distance(member, network):
    """Sum of the logarithms of the ratios; None if the two are not alike."""
    if len(member.stages) != len(network.stages):
        return None
    total = 0.0
    for ours, theirs in zip(member.stages, network.stages, strict=True):
        if (ours.block, ours.stride) != (theirs.block, theirs.stride):
            return None
        our_pool, their_pool = (each.pool or Pool(1, 1) for each in (ours, theirs))
        if our_pool.stride != their_pool.stride:
            return None
        total += abs(log2(our_pool.size / their_pool.size))
        for field in _NUMBERS:
            total += abs(log2(getattr(ours, field) / getattr(theirs, field)))
    return total


@settings(max_examples=40)
@given(spaces().filter(lambda space: space.settings <= 300), st.data())
def test_a_member_is_most_like_itself(space, data):
    networks = sorted(every_network(space), key=str)
    if networks:
        network = data.draw(st.sampled_from(networks))
        assert most_alike(space, network, complexity) == network


@settings(max_examples=60)
@given(spaces(blocks=False).filter(lambda space: 1 < space.settings <= 300), st.data())
def test_it_is_a_member_that_fits_and_nearer_than_one_with_the_same_depths(space, data):
    networks = sorted(every_network(space), key=str)
    if not networks:
        return
    of_the_space = data.draw(st.sampled_from(networks))
    stages = [
        replace(
            stage,
            width=max(1, stage.width + data.draw(st.integers(-3, 3))),
            last_width=max(1, stage.last_width + data.draw(st.integers(-3, 3))),
        )
        for stage in of_the_space.stages
    ]
    network = replace(of_the_space, stages=tuple(stages))
    most = data.draw(st.sampled_from([complexity(each) for each in networks]))
    found = most_alike(space, network, lambda each: complexity(each) <= most)
    if complexity(of_the_space) <= most and len(space.stages) == 1:
        assert found is not None
    if found is None:
        return
    assert found in networks
    assert complexity(found) <= most
    assert distance(found, network) is not None
    assert [stage.depth for stage in found.stages] == [stage.depth for stage in network.stages]


@pytest.mark.parametrize(
    ("space", "family", "budget", "member"),
    [
        ("plain-32", "vgg", "3M", "(3,32)/2 | 2/2 | (3,32)x2 | 2/2 | (3,64)x2"),
        (
            "plain-32",
            "he-sun",
            "3M",
            "(3,24)/2 | 2/1 | (2,48)/2+(2,48)x3 | 2/1 | (2,64)/2+(2,64)x2+(2,96)",
        ),
        ("plain-32", "vgg", "20M", "(3,24)x2 | 2/2 | (3,32)+(3,48) | 2/2 | (3,64)x2+(3,96)"),
        ("plain-32", "he-sun", "20M", None),  # it has a fourth stage
        ("plain-32", "resnet", "3M", None),  # and other blocks
        ("mixed-32", "resnet", "20M", "(3,24) | basic(3,24) | basic(3,32)/2 | basic(3,64)/2"),
        ("tiny-96", "he-sun", "8M", "(7,24)/4p3 | (3,24)/2+(3,24)x3 | (3,48)/2+(3,48)x3"),
        (
            "tiny-96",
            "resnet",
            "8M",
            "(7,24)/4p3 | 3/2p1 | basic(3,16)x3 | basic(3,32)/2+basic(3,32)x2",
        ),
        ("mixed-64", "he-sun", "12M", None),  # its last stage has two widths
        ("residual-224", "he-sun", "15M", None),  # its stages are plain
    ],
)
def test_known_networks_at_a_budget(space, family, budget, member):
    found_space = load_space(space)
    limits = resolve_budget(parse_budget(budget), found_space.input).caps
    network = fit_family(
        find_family(family),
        limits,
        found_space.input,
        10,
        norm=found_space.norm,
        head=found_space.head,
    ).architecture

    def fits(each):
        return all(limit.admits(limit.of(each)) for limit in limits)

    found = most_alike(found_space, network, fits)
    assert (None if found is None else format_notation(found.stages)) == member


def test_a_pooling_of_another_size_is_like_it_and_one_of_another_stride_is_not():
    space = load_space("plain-32")
    stages = parse_notation("(3,8) | 2/2 | (3,32) | 2/2 | (3,64)")
    network = Architecture(space.input, stages, space.head, 10, space.norm)
    of_size_4, of_stride_3 = (
        replace(network, stages=(replace(stages[0], pool=pool), *stages[1:]))
        for pool in (Pool(4, 2), Pool(3, 3))
    )
    assert most_alike(space, of_size_4, complexity).stages[0].pool == Pool(3, 2)
    assert most_alike(space, of_stride_3, complexity) is None
    assert most_alike(space, network, lambda _: False) is None


def test_no_pooling_is_like_one_that_only_filters_and_not_like_one_that_subsamples():
    space = load_space("residual-224")
    notation = "(7,64)/2p3 | {} | basic(3,64) | basic(3,128)/2"
    whole = Architecture(
        space.input, parse_notation(notation.format("2/1")), space.head, 10, space.norm
    )
    assert most_alike(space, whole, complexity).stages[0].pool is None
    for pool, found in (("4/2", Pool(3, 2, 1)), ("3/3", None)):
        other = replace(whole, stages=parse_notation(notation.format(pool)))
        member = most_alike(space, other, complexity)
        assert (member and member.stages[0].pool) == found
