"""Paired differences against scipy, and the verdicts that follow from them."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from nas_tc.experiment.specification import Claim
from nas_tc.experiment.statistics import (
    Difference,
    combined,
    judge,
    paired_difference,
    verdict_of,
)

IMAGES = 1000
errors = st.integers(0, IMAGES).map(lambda wrong: wrong / IMAGES)
by_seed = st.dictionaries(st.integers(0, 7), errors, min_size=1)
shares = st.floats(-1, 1)


@st.composite
def differences(draw):
    low, mean, high = sorted(draw(st.tuples(shares, shares, shares)))
    return Difference(mean, low, high, 3)


@given(by_seed, by_seed)
def test_the_interval_is_that_of_a_paired_t_test(first, second):
    found = paired_difference(first, second, IMAGES)
    seeds = sorted(first.keys() & second.keys())
    if not seeds:
        assert found is None
        return
    assert found.count == len(seeds)
    pairs = [first[seed] for seed in seeds], [second[seed] for seed in seeds]
    assert found.mean == pytest.approx(sum(pairs[0]) / len(seeds) - sum(pairs[1]) / len(seeds))
    if len(seeds) == 1:
        assert found.low is found.high is None
        return
    gaps = {round((a - b) * IMAGES) for a, b in zip(*pairs, strict=True)}
    if len(gaps) == 1:
        assert found.low < found.mean < found.high  # never certain
        return
    oracle = ttest_rel(*pairs).confidence_interval(0.95)
    if max(gaps) - min(gaps) > 3:  # else the deviation may be less than one image
        assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high), abs=1e-9)


def test_the_interval_of_three_seeds():
    """By hand: differences .01, .02, .03; sd .01; t of two degrees of freedom 4.3027."""
    first, second = {0: 0.31, 1: 0.32, 2: 0.33, 9: 0.9}, {0: 0.3, 1: 0.3, 2: 0.3}
    found = paired_difference(first, second, 10_000)
    half = 4.302653 * 0.01 / 3**0.5
    assert (found.mean, found.count) == (pytest.approx(0.02), 3)
    assert (found.low, found.high) == pytest.approx((0.02 - half, 0.02 + half), abs=1e-7)
    assert str(found) == "+2.00 (-0.48 to +4.48)"


@given(differences(), st.floats(0, 0.5))
def test_verdicts_are_the_same_from_both_sides(found, margin):
    other = Difference(-found.mean, -found.high, -found.low, found.count)
    assert verdict_of(found, ">") == verdict_of(other, "<")
    assert verdict_of(found, "~", margin) == verdict_of(other, "~", margin)
    opposite = {"holds": "does not hold", "does not hold": "holds"}
    assert verdict_of(found, "<") == opposite.get(verdict_of(found, ">"), "cannot be told")


@given(differences(), st.floats(0, 0.5))
def test_what_is_told_is_told_by_the_whole_interval(found, margin):
    told = verdict_of(found, ">")
    assert (told == "holds") == (found.low > 0)
    assert (told == "does not hold") == (found.high < 0)
    alike = verdict_of(found, "~", margin)
    ends = (found.low, found.high)
    assert (alike == "holds") == all(-margin < end < margin for end in ends)
    assert (alike == "does not hold") == (found.low > margin or found.high < -margin)


@pytest.mark.parametrize("found", [None, Difference(0.1, None, None, 1)])
@pytest.mark.parametrize("sign", ["<", ">", "~"])
def test_one_seed_tells_nothing(found, sign):
    assert verdict_of(found, sign, 0.5) == "cannot be told"


def test_a_chain_is_as_good_as_its_weakest_link():
    words = ("holds", "cannot be told", "does not hold")
    for verdicts in product(words, repeat=3):
        assert combined(verdicts) == max(verdicts, key=words.index)


def test_a_claim_is_judged_by_its_neighbours():
    claim = Claim("Deeper is better.", ("A", "B", "D"), (">", ">"))
    ours = {
        "A": {0: 0.30, 1: 0.31, 2: 0.32},
        "B": {0: 0.25, 1: 0.26, 2: 0.275},
        "D": {0: 0.25, 1: 0.28, 2: 0.265},
    }
    paper = {"A": 0.374, "B": 0.357, "D": None}
    found = judge(claim, ours, paper, IMAGES)
    assert [pair.verdict for pair in found.pairs] == ["holds", "cannot be told"]
    assert found.verdict == "cannot be told"
    assert found.pairs[0].paper == pytest.approx(0.017)
    assert found.pairs[1].paper is None
    assert claim.order == "A > B > D"
