"""Delayed subsampling and the way back (He & Sun 2015, section 4.6)."""

from itertools import pairwise

import pytest
from hypothesis import given

from nas_tc.architecture import (
    GAP,
    Architecture,
    advance_subsampling,
    delay_subsampling,
    format_notation,
    parse_notation,
)
from nas_tc.zoo import ZOO
from strategies import any_architectures


@pytest.mark.parametrize("name", "BDEJ")
def test_table_2_and_back(name):
    plain, delayed = ZOO[name].architecture, ZOO[f"{name}'"].architecture
    assert delay_subsampling(plain) == delayed
    assert advance_subsampling(delayed) == plain


def test_some_stages_alone():
    arch = ZOO["J"].architecture
    moved = delay_subsampling(arch, (1, 3))
    assert format_notation(moved.stages) == (
        "(7,64)/2 | 3/1 | (2,128)/3+(2,128)x3 | 2/2 | (2,256)x4 | 3/1 | (2,2304)/3+(2,256)"
    )
    assert advance_subsampling(moved, (1,)) == delay_subsampling(arch, (3,))
    assert delay_subsampling(arch, ()) == advance_subsampling(arch) == arch


@given(any_architectures())
def test_advancing_leaves_no_stride_behind_a_pooling_that_only_filters(arch):
    found = advance_subsampling(arch).stages
    for stage, following in pairwise(found):
        assert stage.pool is None or stage.pool.stride > 1 or following.stride == 1


@pytest.mark.parametrize("name", "BDEJ")
def test_delayed_subsampling_is_table_2(name):  # He & Sun 2015, section 4.6
    assert delay_subsampling(ZOO[name].architecture) == ZOO[f"{name}'"].architecture


def test_delaying_keeps_the_last_pooling():
    arch = Architecture((3, 32, 32), parse_notation("(3,8) | 2/2 | (3,8)/2 | 3/3p1"), GAP, 10)
    delayed = format_notation(delay_subsampling(arch).stages)
    assert delayed == "(3,8) | 2/1 | (3,8)/4 | 3/3p1"
