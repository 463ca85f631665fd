"""The numbers that the error of a network may depend on."""

from dataclasses import replace
from itertools import product
from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_tc.architecture import GAP, Architecture, head_named, parse_notation
from nas_tc.cost import complexity, network_cost
from nas_tc.errors import ArchitectureError
from nas_tc.experience import NUMBERS, SpaceNumbers, experience_for, numbers_of
from nas_tc.space import Space, load_space, parse_space
from strategies import architectures, spaces


def network(notation, side=32):
    return Architecture((3, side, side), parse_notation(notation), GAP, 10, norm="batch")


def test_the_numbers_of_a_network_worked_out_by_hand():
    found = dict(zip(NUMBERS, numbers_of(network("(3,8)+(3,16) | 2/2 | (5,32)/2")), strict=True))
    first, second = 9 * 3 * 8 * 32**2, 9 * 8 * 16 * 32**2
    third = 25 * 16 * 32 * 8**2  # behind a pooling and a stride
    macs = first + second + third
    assert found == pytest.approx(
        {
            "multiply-adds a pixel of the image": log2(macs / 32**2),
            "depth": log2(3),
            "first map": 0,
            "mean map": -2 * third / macs,
            "last map": -2,
            "first width": 3,
            "last width": 5,
            "mean width": 4,
            "weights": log2(9 * 3 * 8 + 9 * 8 * 16 + 25 * 16 * 32),
            # 3x3, 3x3, pooling of 2, then steps of 2 pixels.
            "receptive field": log2((1 + 2 + 2 + 1 + 4 * 2) / 32),
            "mean filter": (3 * first + 3 * second + 5 * third) / macs,
            "share of the first stage": (first + second) / macs,
            "share of the stages between": 0,
            "share of the last stage": third / macs,
            "depth of the first stage": log2(3),
            "depth of the stages between": 0,
            "depth of the last stage": 1,
            "stride": 2,
            "overlap of the first pooling": 0,
            "overlap of the poolings behind": 0,
            "poolings of stride 1": 0,
            "stride of the poolings": 1,
            "units": log2(3),
            "shortcuts": 0,
            "side of the image": 0,
            "hidden layer": 0,
        }
    )


def test_the_numbers_of_poolings():
    notation = "(3,8) | 3/2 | (3,8) | 2/1 | (3,8)/2 | 3/2 | (3,8) | 2/2 | (3,8)"
    found = dict(zip(NUMBERS, numbers_of(network(notation)), strict=True))
    assert found["overlap of the first pooling"] == pytest.approx(log2(1.5))
    assert found["overlap of the poolings behind"] == pytest.approx(log2(1.5))
    assert found["poolings of stride 1"] == 1
    assert found["stride of the poolings"] == 3  # halved three times by poolings
    assert found["stride"] == 4


@given(architectures())
def test_complexity_and_weights_are_those_of_the_network(architecture):
    found = dict(zip(NUMBERS, numbers_of(architecture), strict=True))
    side = int((architecture.input[1] * architecture.input[2]) ** 0.5)
    macs = 2 ** found["multiply-adds a pixel of the image"] * side**2
    assert macs == pytest.approx(complexity(architecture))
    assert 2 ** found["depth"] == pytest.approx(architecture.depth)
    assert all(np.isfinite(list(found.values())))
    shares = [found[name] for name in NUMBERS if name.startswith("share")]
    stages = len(architecture.stages)
    assert sum(shares) == pytest.approx(1 if stages > 1 else 2)


def test_weights_are_those_of_the_convolutions():
    plain = network("(3,8)+(3,16) | 2/2 | (5,32)/2")
    found = dict(zip(NUMBERS, numbers_of(plain), strict=True))
    head = 32 * 10 + 10
    bare = Architecture(plain.input, plain.stages, plain.head, 10, norm="none")
    biases = 8 + 16 + 32
    assert 2 ** found["weights"] == pytest.approx(network_cost(bare).params - head - biases)


def _largest(space):
    return max(space.resolutions, default=None)


def numbers_one_by_one(space, values):
    return np.array([numbers_of(space.decode(each), _largest(space)) for each in values])


@settings(max_examples=60)
@given(spaces().filter(experience_for), st.lists(st.integers(0, 10**9), min_size=1, max_size=6))
def test_many_networks_of_a_space_at_once(space: Space, picks):
    values = []
    for pick in picks:
        chosen = {}
        rest = pick
        for gene in space.genes:
            rest, place = divmod(rest, len(gene.choices))
            chosen[gene.name] = gene.choices[place]
        try:
            numbers_of(space.decode(chosen))
        except ArchitectureError:
            continue
        values.append(chosen)
    if values:
        expected = numbers_one_by_one(space, values)
        many, settings = SpaceNumbers(space), np.array(space.numbers(values))
        assert many(settings) == pytest.approx(expected)
        assert many(settings[::-1]) == pytest.approx(expected[::-1])  # now they are known


def test_a_stage_that_may_be_left_out():
    space = parse_space(
        """
input = [3, 32, 32]
[[stage]]
depth = [1, 2]
width = [8, 16]
filter = [3]
pool = ["2/2", "none"]
[[stage]]
depth = [0, 1]
width = [32]
filter = [3, 5]
""",
        "optional",
        "optional.toml",
    )
    choices = product((1, 2), (8, 16), ("2/2", "none"), (0, 1), (3, 5))
    values = [dict(zip([gene.name for gene in space.genes], each, strict=True)) for each in choices]
    found = SpaceNumbers(space)(np.array(space.numbers(values)))
    assert found == pytest.approx(numbers_one_by_one(space, values))


@pytest.mark.parametrize(
    ("name", "experience"),
    [
        ("plain-32", "plain-2"),
        ("residual-32", "blocks-1"),
        ("mixed-32", "blocks-1"),
        ("mobile-32", "blocks-1"),
        ("mixed-64", "blocks-1"),
        ("he-sun-224", None),
        ("tiny-96", None),
    ],
)
def test_which_experience_covers_a_space(name, experience):
    assert experience_for(load_space(name)) == experience


def small_space(block="plain", resolution=""):
    text = f"""
input = [3, 32, 32]
{resolution}
[[stage]]
depth = [1]
width = [9, 18]
filter = [3]
block = "{block}"
"""
    return parse_space(text, "small", "small.toml")


def test_an_experience_of_plain_networks_knows_one_resolution():
    assert experience_for(small_space()) == "plain-2"
    assert experience_for(small_space(resolution="resolution = [24, 32]")) == "blocks-1"


@pytest.mark.parametrize("block", ["plain[groups=3]", "plain[nin]", "depthwise"])
def test_blocks_that_were_not_trained_are_not_covered(block):
    assert experience_for(small_space(block)) is None


def test_shortcuts_and_squeezes_count_beside_the_convolutions():
    mixed = network("(3,8)/2 | basic(3,16)/2 | 2/2 | inverted[3,se=4](3,16)")
    found = dict(zip(NUMBERS, numbers_of(mixed), strict=True))
    stem = 9 * 3 * 8 * 16**2
    basic = 9 * (8 * 16 + 16 * 16) * 8**2
    inverted = (2 * 16 * 48 + 9 * 48) * 4**2
    assert 2 ** found["multiply-adds a pixel of the image"] * 32**2 == pytest.approx(
        stem + basic + inverted
    )
    assert found["depth"] == pytest.approx(log2(1 + 2 + 3))
    assert found["units"] == pytest.approx(log2(3))
    assert found["shortcuts"] == pytest.approx(log2(2 + 1))
    assert found["first width"] == 3
    assert found["mean width"] == pytest.approx((3 + 4 + 4 + 2 * log2(48) + 4) / 6)
    assert found["depth of the last stage"] == pytest.approx(log2(3 + 1))
    # 3x3 at steps of 1, 2 and 4 pixels, a pooling of 2 at 4, 3x3 at 8.
    assert found["receptive field"] == pytest.approx(log2((1 + 2 + 2 * 2 + 2 * 4 + 4 + 2 * 8) / 32))


def test_the_side_of_the_image_and_a_hidden_layer_count():
    small = network("(3,8) | 2/2 | (3,16)", side=16)
    whole = dict(zip(NUMBERS, numbers_of(small), strict=True))
    shrunk = dict(zip(NUMBERS, numbers_of(small, largest=32), strict=True))
    assert (whole["side of the image"], shrunk["side of the image"]) == (0, -1)
    assert whole["first map"] == shrunk["first map"] == 0
    hidden = replace(small, head=head_named("gap[256]"))
    assert (whole["hidden layer"], numbers_of(hidden)[NUMBERS.index("hidden layer")]) == (0, 1)


def test_a_block_that_does_not_fit_the_channels_is_refused():
    with pytest.raises(ArchitectureError, match="stage 2 does not fit the 8 channels"):
        numbers_of(network("(3,8) | depthwise(3,12)"))
