"""Blocks as text, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from block_strategies import blocks
from nas_tc.architecture import (
    Bottleneck,
    Inception,
    Inverted,
    Plain,
    format_block,
    parse_block,
)
from nas_tc.errors import ArchitectureError, NasTcError, NotationError, UnknownNameError


@given(blocks())
def test_blocks_as_text_and_back(block):
    assert parse_block(format_block(block)) == block


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("plain", Plain()),
        ("plain[nin]", Plain(nin=True)),
        ("plain[groups=2,dilation=3]", Plain(2, 3)),
        ("inverted[6,se=4]", Inverted(6, 4)),
        ("inverted[expansion=6]", Inverted(6)),
        ("bottleneck[stride_on=filter]", Bottleneck(stride_on="filter")),
        ("inception[1,2,3,4,5,6]", Inception(1, 2, 3, 4, 5, 6)),
    ],
)
def test_how_blocks_are_written(text, block):
    assert parse_block(text) == block


@pytest.mark.parametrize(
    ("text", "error", "complaint"),
    [
        ("basix", UnknownNameError, "unknown block 'basix'; did you mean 'basic'"),
        ("Basic!", NotationError, "cannot read the block"),
        ("inverted", NotationError, r"lacks expansion; write inverted\[expansion\]"),
        ("inverted[six]", NotationError, "cannot read 'six'"),
        ("inverted[6,6]", UnknownNameError, "unknown argument"),
        ("inverted[6,expansion=6]", NotationError, "names expansion twice"),
        ("plain[goups=2]", UnknownNameError, "did you mean 'groups'"),
        ("plain[nin=2]", NotationError, "cannot read '2'"),
        ("plain[groups=0]", ArchitectureError, "groups and dilation must be 1 or more"),
        ("inverted[0]", ArchitectureError, "expansion of 1 or more"),
        ("bottleneck[reduction=0]", ArchitectureError, "reduction must be 1 or more"),
        ("bottleneck[stride_on=last]", ArchitectureError, "'first' or 'filter', not 'last'"),
        ("inception[0,1,1,1,1,1]", ArchitectureError, "1 filter or more"),
    ],
)
def test_what_is_no_block(text, error, complaint):
    with pytest.raises(error, match=complaint):
        parse_block(text)


@given(st.text(alphabet="abcdeinpsrtv[]=,0123456789", max_size=30))
def test_any_text_is_a_block_or_refused(text):
    try:
        block = parse_block(text)
    except NasTcError:
        return
    assert parse_block(format_block(block)) == block
