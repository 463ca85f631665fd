"""Replacements one after another."""

import pytest
from hypothesis import given, settings

from nas_tc.cost import complexity
from nas_tc.errors import NasTcError
from nas_tc.replacement import PAPER_TRADE_OFFS, TRADE_OFFS, chains, replacements
from nas_tc.zoo import ZOO
from strategies import architectures


@settings(max_examples=15)
@given(architectures())
def test_ways_lead_on_and_stay_near_the_first(arch):
    tolerance = 0.03
    unit = complexity(arch)
    ends = [arch]
    for way in chains(arch, steps=2, tolerance=tolerance, kinds=PAPER_TRADE_OFFS):
        network = arch
        for step in way:
            assert step.ratio == step.complexity / complexity(network)
            assert 1 / (1 + tolerance) <= step.complexity / unit <= 1 + tolerance
            network = step.architecture
        ends.append(network)
    assert len(set(ends)) == len(ends)


@settings(max_examples=20)
@given(architectures())
def test_a_way_of_one_step_is_a_replacement(arch):
    assert list(chains(arch, steps=1)) == [(each,) for each in replacements(arch)]


def test_from_a_to_j_delayed_in_four_steps():  # He & Sun 2015, section 4.7
    kinds = ("depth-filter", "pooling", "delay")
    goal = ZOO["J'"].architecture
    found = chains(ZOO["A"].architecture, steps=4, kinds=kinds)
    way = next(way for way in found if way[-1].architecture == goal)
    assert sorted(step.trade_off for step in way) == [
        "delay",
        "depth-filter",
        "depth-filter",
        "pooling",
    ]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"steps": 0}, "steps must be 1 or more, not 0"),
        ({"steps": 1, "tolerance": -1}, "a tolerance is a share of 0 or more"),
        ({"steps": 1, "kinds": [*TRADE_OFFS, "width"]}, "unknown trade-off 'width'"),
    ],
)
def test_what_cannot_be_asked(options, complaint):
    with pytest.raises(NasTcError, match=complaint):
        chains(ZOO["A"].architecture, **options)
