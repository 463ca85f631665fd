"""Blocks against each other, expansion and resolution: what is traded, and at which cost."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from block_strategies import block_networks
from nas_tc.architecture import (
    GAP,
    Architecture,
    Depthwise,
    Inception,
    Inverted,
    format_notation,
    parse_notation,
)
from nas_tc.cost import complexity
from nas_tc.replacement import PAPER_TRADE_OFFS, TRADE_OFFS, replacements
from nas_tc.zoo import ZOO
from strategies import architectures

KINDS = [kind for kind in TRADE_OFFS if kind not in PAPER_TRADE_OFFS]
SWAPS = ("basic-plain", "bottleneck-basic", "separable-plain")
few = settings(max_examples=15)


def network(notation, side=32):
    return Architecture((3, side, side), parse_notation(notation), GAP, 10)


def found(notation, *kinds, tolerance=0.07, side=32):
    """Changes in words and new networks in notation."""
    arch = network(notation, side)
    return {
        each.change: format_notation(each.architecture.stages)
        for each in replacements(arch, kinds=kinds, tolerance=tolerance)
    }


@few
@given(architectures() | block_networks())
def test_one_stage_changes_as_its_trade_off_says(arch):
    for each in replacements(arch, tolerance=0.3, kinds=KINDS[:5]):
        (index,) = (number - 1 for number in each.stages)
        old, new = arch.stages[index], each.architecture.stages[index]
        assert not isinstance(old.block, Depthwise | Inception)
        assert new.last_width == old.last_width
        assert each.architecture.input == arch.input
        assert each.architecture.stages[:index] == arch.stages[:index]
        assert each.architecture.stages[index + 1 :] == arch.stages[index + 1 :]
        if each.trade_off in SWAPS:
            names = {type(stage.block).__name__.lower() for stage in (old, new)}
            assert names == set(each.trade_off.split("-"))
            assert alike(old, new)
        else:
            assert isinstance(old.block, Inverted)
            grown = new.block.expansion - old.block.expansion
            assert replace(new.block, expansion=old.block.expansion) == old.block
            if each.trade_off == "expansion-depth":
                assert (new.depth - old.depth) * grown < 0
            else:
                assert (new.width - old.width) * grown < 0
                assert new.depth == old.depth
            assert alike(old, new)


def alike(old, new):
    """Whether two stages differ in block, depth and inner width alone."""
    return replace(old, depth=9, width=1, block=new.block) == replace(new, depth=9, width=1)


@few
@given(architectures() | block_networks())
def test_larger_images_go_with_less_of_something_else(arch):
    for each in replacements(arch, tolerance=0.3, kinds=KINDS[5:]):
        new = each.architecture
        larger = new.input[1] > arch.input[1]
        assert new.input[0] == arch.input[0]
        assert new.input[1] != arch.input[1]
        pairs = list(zip(arch.stages, new.stages, strict=True))
        assert each.stages == tuple(n for n, (a, b) in enumerate(pairs, 1) if a != b)
        for a, b in pairs:
            if each.trade_off == "resolution-depth":
                assert replace(a, depth=9, width=1) == replace(b, depth=9, width=1)
                assert a == b or (b.depth < a.depth) == larger
            else:
                assert a == replace(b, width=a.width, last_width=a.last_width)
                for one, other in ((a.width, b.width), (a.last_width, b.last_width)):
                    assert one == other or (other < one) == larger


@few
@given(block_networks())
def test_a_pair_of_convolutions_that_got_a_shortcut_can_lose_it(arch):
    for there in replacements(arch, kinds=["basic-plain"], tolerance=0.3):
        old, new = (each.stages[there.stages[0] - 1] for each in (arch, there.architecture))
        if old.width == new.width and old.depth * old.block.convs == new.depth * new.block.convs:
            back = replacements(there.architecture, tolerance=0.3, kinds=["basic-plain"])
            assert any(each.architecture == arch for each in back)


def test_pairs_of_convolutions_get_shortcuts():
    changes = found("(3,16) | basic(3,16)x3 | basic(3,32)/2+basic(3,32)", "basic-plain")
    assert changes["three basic 3x3 -> six 3x3"].startswith("(3,16) | (3,16)x6 | basic")
    assert changes["two basic 3x3 -> four 3x3"].endswith(" | (3,32)/2+(3,32)x3")  # no 1x1 any more
    changes = found("(3,32) | 2/2 | (3,64)x5", "basic-plain")
    # Five are no pairs: two or three residual units take their place, narrower or wider.
    assert {each.partition(" 3x3 of ")[0] for each in changes} == {"five"}
    assert {each.split(" -> ")[1].split(" of ")[0] for each in changes} == {
        "two basic 3x3",
        "three basic 3x3",
    }


def test_a_separable_filter_costs_a_ninth():
    changes = found("(3,32) | 2/2 | (3,64)x3 | 2/2 | (3,64)", "separable-plain")
    assert "three 3x3 of 64 -> three separable 3x3 of 256" in changes
    (deep,) = (each for each in changes if each.startswith("three 3x3 -> "))
    assert deep == "three 3x3 -> 20 separable 3x3"
    back = found("(3,32) | separable(3,256)x2+separable(3,64)", "separable-plain")
    assert "three separable 3x3 of 256 -> three 3x3 of 64" in back


def test_an_expansion_is_traded_for_units_or_for_width():
    notation = "(3,16) | inverted[6](3,24)x3 | 2/2 | (1,64)"
    changes = found(notation, "expansion-depth", "expansion-width")
    assert "three inverted[6] 3x3 -> eight inverted[2] 3x3" in changes
    assert any(
        each == "three inverted[6] 3x3 of 24 -> three inverted[2] 3x3 of 48" for each in changes
    )


def test_the_images_of_a_published_network_change_by_an_eighth():
    arch = ZOO["resnet18"].architecture
    ways = list(replacements(arch, kinds=["resolution-width", "resolution-depth"]))
    sides = {each.architecture.input[1] for each in ways}
    assert sides == {128, 160, 192, *range(256, 449, 32)}
    for each in ways:
        assert each.complexity == complexity(each.architecture)
    (way,) = (each for each in ways if each.change.startswith("224x224 -> 160x160 images, widths"))
    assert way.change.endswith("64, 64, 128, 256, 512 -> 96, 96, 192, 352, 704")
    assert way.description.endswith("stages 1, 2, 3, 4 and 5, complexity x1.00")


@pytest.mark.parametrize("notation", ["depthwise(3,3)", "(3,8) | inception[2,2,4,1,2,2](3,10)"])
def test_what_cannot_be_widened_keeps_its_size(notation):
    assert found(notation, "resolution-width", tolerance=1.0) == {}
