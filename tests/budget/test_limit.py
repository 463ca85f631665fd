import pytest
from hypothesis import given
from hypothesis import strategies as st

import nas_tc
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.errors import BudgetError, NasTcError, UnknownNameError
from nas_tc.zoo import ZOO

SMALL = (3, 32, 32)


@pytest.mark.parametrize(
    ("expression", "multiply_adds"),
    [
        ("120M", 120_000_000),
        ("1.5G", 1_500_000_000),
        ("500k", 500_000),
        ("1e6", 1_000_000),
        (" 42 ", 42),
        ("alexnet@224", 1_076_634_144),
        ("alexnet@224*0.6", 645_980_486),  # rounded down: a budget is never exceeded
        ("alexnet @ 224 * .6", 645_980_486),
        ("J@224*1", 829_493_952),
        ("J'@224*2", 2 * 822_579_904),
    ],
)
def test_what_a_budget_means(expression, multiply_adds):
    assert resolve_budget(parse_budget(expression), SMALL).complexity == multiply_adds


def test_a_reference_is_taken_at_the_size_of_the_data():
    limit = resolve_budget(nas_tc.parse_budget("alexnet*0.6"), SMALL)
    whole = complexity(ZOO["alexnet"].architecture.at(SMALL))
    assert limit.complexity == int(whole * 6 / 10)
    assert (limit.reference_input, limit.reference_complexity) == (SMALL, whole)
    assert (
        str(limit)
        == f"{limit.complexity:,} multiply-adds (alexnet*0.6; alexnet at 3x32x32 has {whole:,})"
    )


def test_a_fixed_reference_does_not_depend_on_the_data():
    budget = parse_budget("alexnet@224*0.6")
    assert resolve_budget(budget, (1, 8, 8)) == resolve_budget(budget, (3, 500, 500))


def test_the_limit_itself_is_within():
    limit = resolve_budget(parse_budget("100"), SMALL)
    assert limit.admits(100)
    assert not limit.admits(101)


@pytest.mark.parametrize(
    ("expression", "error", "complaint"),
    [
        ("vgg17*0.6", UnknownNameError, r"unknown reference 'vgg17' in 'vgg17\*0\.6'"),
        ("alexnt*0.6", UnknownNameError, "did you mean 'alexnet'"),
        ("120Mb", BudgetError, "unknown unit 'Mb'"),
        ("12 parsecs", BudgetError, "unknown unit 'parsecs'"),
        ("", BudgetError, "cannot read"),
        ("alexnet*", BudgetError, "cannot read"),
        ("0.6*alexnet", BudgetError, "cannot read"),
        ("alexnet*-1", BudgetError, "cannot read"),
        ("alexnet*0.6*2", BudgetError, "cannot read"),
        ("alexnet*0", BudgetError, "more than zero"),
        ("0", BudgetError, "more than zero"),
        ("alexnet@0*2", BudgetError, "images of 0 pixels"),
        ("0.5", BudgetError, "less than one multiply-add"),
        ("J*0.5", BudgetError, r"cannot be built on 32x32 .*'J@224\*0.5'"),
    ],
)
def test_what_is_wrong_is_said(expression, error, complaint):
    with pytest.raises(error, match=complaint):
        resolve_budget(parse_budget(expression), SMALL)


@given(st.text(alphabet="alexnetJ'@*.0123456789eEkMG- ", max_size=20) | st.text(max_size=12))
def test_any_text_is_read_or_refused_in_one_line(text):
    try:
        limit = resolve_budget(parse_budget(text), SMALL)
    except NasTcError as raised:
        said = str(raised)
    else:
        said = str(limit)
        assert limit.complexity >= 1
    assert len(said.splitlines()) == 1
