"""What holds of every replacement of every network."""

from dataclasses import replace
from itertools import islice

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from block_strategies import block_networks
from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.cost import complexity
from nas_tc.errors import NasTcError
from nas_tc.module import build
from nas_tc.replacement import PAPER_TRADE_OFFS, TRADE_OFFS, Replacement, replacements
from nas_tc.replacement.depth_filter import FILTERS
from nas_tc.replacement.pooling import POOLS
from strategies import architectures

tolerances = st.sampled_from([0.0, 0.02, 0.07, 0.3])
few = settings(max_examples=30)


@few
@given(architectures() | block_networks(), tolerances)
def test_replacements_are_other_networks_at_the_ratio_that_they_state(arch, tolerance):
    unit = complexity(arch)
    for each in replacements(arch, tolerance=tolerance):
        assert isinstance(each, Replacement)
        assert each.architecture != arch
        assert each.complexity == complexity(each.architecture)
        assert each.ratio == each.complexity / unit
        assert unit / (1 + tolerance) <= each.complexity <= unit * (1 + tolerance)
        new = each.architecture
        assert new == replace(arch, stages=new.stages, input=new.input)
        assert (new.input != arch.input) == each.trade_off.startswith("resolution-")
        assert each.architecture.stages[-1].last_width == arch.stages[-1].last_width


@settings(max_examples=15)
@given(architectures() | block_networks(), st.randoms(use_true_random=False))
def test_replacements_run(arch, random):
    found = list(replacements(arch))
    for each in random.sample(found, min(3, len(found))):
        images = torch.zeros(2, *arch.input)
        assert build(each.architecture).eval()(images).shape == (2, arch.classes)


@few
@given(architectures() | block_networks(), tolerances)
def test_no_network_comes_twice(arch, tolerance):
    found = [each.architecture for each in replacements(arch, tolerance=tolerance)]
    assert len(set(found)) == len(found)


@few
@given(architectures() | block_networks())
def test_what_is_traded_is_what_the_trade_off_says(arch):
    for each in replacements(arch, tolerance=0.3, kinds=PAPER_TRADE_OFFS):
        changes = list(changed_stages(arch, each))
        match each.trade_off:
            case "depth-filter":
                for old, new in changes:
                    assert (new.depth - old.depth) * (new.filter - old.filter) < 0
                    assert new.width in (old.width, old.last_width)
            case "depth-width":
                ((old, new),) = changes
                assert new.filter == old.filter
                assert new.depth == 1 or (new.depth - old.depth) * (new.width - old.width) < 0
            case "width-filter":
                ((old, new),) = changes
                assert new.depth == old.depth
                assert (new.width - old.width) * (new.filter - old.filter) < 0
            case "pooling":
                assert abs(len(each.architecture.stages) - len(arch.stages)) == 1
                assert each.architecture.depth == arch.depth
            case "delay":
                assert each.architecture.depth == arch.depth
                assert list(strides(each.architecture)) == list(strides(arch))
        if each.trade_off in ("depth-filter", "depth-width", "width-filter"):
            assert all(new.last_width == old.last_width for old, new in changes)
            kept = [stage for n, stage in enumerate(arch.stages, 1) if n not in each.stages]
            same = [s for n, s in enumerate(each.architecture.stages, 1) if n not in each.stages]
            assert kept == same


@few
@given(architectures())
def test_filters_for_depth_and_back(arch):
    """The other way is there too, but where one layer is left and the others' width is gone."""
    for there in replacements(arch, kinds=["depth-filter"], tolerance=0.3):
        ((old, new), *more) = changed_stages(arch, there)
        if not more and old.filter in FILTERS and (new.depth > 1 or old.width == old.last_width):
            assert leads_back(there, arch, 0.3)


@given(architectures(), tolerances)
def test_a_pooling_that_was_added_can_go(arch, tolerance):
    for there in replacements(arch, kinds=["pooling"], tolerance=tolerance):
        if len(there.architecture.stages) > len(arch.stages):
            assert there.architecture.stages[-2].pool in POOLS
            assert leads_back(there, arch, tolerance)


@few
@given(architectures() | block_networks(), tolerances)
def test_a_stride_that_was_moved_moves_back(arch, tolerance):
    for there in replacements(arch, kinds=["delay"], tolerance=tolerance):
        (number, *more) = there.stages
        if not more and arch.stages[number].stride == 1:
            assert leads_back(there, arch, tolerance)


@few
@given(architectures(), st.integers(0, 5))
def test_a_limit_takes_the_first(arch, limit):
    assert list(replacements(arch, limit=limit)) == list(islice(replacements(arch), limit))


@few
@given(architectures(), st.lists(st.sampled_from(TRADE_OFFS), unique=True))
def test_kinds_choose(arch, kinds):
    chosen = list(replacements(arch, kinds=kinds))
    assert {each.trade_off for each in chosen} <= set(kinds)
    assert set(chosen) == {each for each in replacements(arch) if each.trade_off in kinds}


def test_a_description_is_a_line():
    arch = Architecture((3, 32, 32), parse_notation("(3,32)x3 | 2/2 | (3,64)x3"), GAP, 10)
    lines = {each.description for each in replacements(arch)}
    assert all("\n" not in line and ", complexity x" in line for line in lines)
    assert "stride 2 from pooling to convolution, stage 1, complexity x1.00" in lines


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"tolerance": -0.1}, "a tolerance is a share of 0 or more, as in 0.07, not -0.1"),
        ({"tolerance": float("nan")}, "not nan"),
        ({"tolerance": float("inf")}, "not inf"),
        ({"limit": -1}, "a limit on replacements must be 0 or more, not -1"),
        ({"kinds": ["depth"]}, "unknown trade-off 'depth'"),
    ],
)
def test_what_cannot_be_asked(options, complaint):
    arch = Architecture((3, 8, 8), parse_notation("(3,8)"), GAP, 10)
    with pytest.raises(NasTcError, match=complaint):
        replacements(arch, **options)


def changed_stages(arch, each):
    """Old and new stages side by side, where there are as many."""
    for number in each.stages:
        if len(each.architecture.stages) == len(arch.stages):
            yield arch.stages[number - 1], each.architecture.stages[number - 1]


def leads_back(there, arch, tolerance):
    back = replacements(there.architecture, tolerance=tolerance, kinds=[there.trade_off])
    return any(each.architecture == arch for each in back)


def strides(arch):
    """What each stage shrinks its map by, with the pooling before it."""
    before = 1
    for stage in arch.stages:
        yield before * stage.stride
        before = 1 if stage.pool is None else stage.pool.stride
