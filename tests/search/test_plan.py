"""The plan of a search: what it settles, and what it refuses before any image is read."""

import pytest

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.data import load_data
from nas_tc.errors import BudgetError, NasTcError, UnknownNameError
from nas_tc.recipe import HE_SUN_2015, Recipe
from nas_tc.search.plan import describe_fit, plan_search
from nas_tc.space import load_space


def plan(
    budget="120M",
    space="plain-32",
    recipe="quick",
    augment="auto",
    seed=0,
    experience="auto",
    **fields,
):
    return plan_search(budget, space, recipe, augment, seed, fields, experience=experience)


@pytest.fixture(scope="module")
def digits():
    return load_data("digits", side=(32, 32))


def test_space_and_budget_are_settled_at_the_size_of_the_images(digits):
    settings = plan("alexnet*0.6").settle(digits, seed=3)
    assert settings.space.input == digits.shape
    assert settings.space.classes == 10
    assert settings.limit.complexity == 5_517_216  # README
    assert (settings.seed, settings.times, settings.time_table) == (3, (), None)


def test_the_augmentation_is_the_users_or_else_the_recipes_or_else_what_suits(digits):
    def settled(**options):
        return plan(**options).settle(digits, seed=0).recipe.augment

    assert settled() == tuple(sorted(digits.augment)) == ()
    assert settled(augment="crop+flip") == ("crop", "flip")
    assert settled(augment="none", recipe="he-sun-2015") == ()
    assert settled(recipe="he-sun-2015") == HE_SUN_2015.augment
    assert settled(recipe=Recipe(augment=("flip",))) == ("flip",)


def test_a_search_has_no_margin_to_crop_from():
    assert HE_SUN_2015.margin > 0
    assert plan(recipe="he-sun-2015").recipe.margin == 0


def test_experience_guides_new_searches_of_the_spaces_that_it_covers(digits):
    assert plan().settle(digits, seed=0).experience == "plain-2"
    assert plan(experience="none").settle(digits, seed=0).experience is None
    assert plan(space="mixed-32").settle(digits, seed=0).experience == "blocks-1"


def test_a_study_goes_on_with_the_experience_that_it_began_with(digits):
    begun = plan(experience="none").settle(digits, seed=0).to_dict()
    assert "experience" not in begun  # as in studies of earlier versions
    assert plan().settle(digits, seed=0, kept=begun).to_dict() == begun
    begun = plan().settle(digits, seed=0).to_dict()
    assert begun["experience"] == "plain-2"
    assert plan().settle(digits, seed=0, kept=begun).to_dict() == begun


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"experience": "plain"}, "experience must be auto or none, not 'plain'"),
        ({"seed": 2**15}, "seed must be 0 to 32767, not 32768"),
        ({"augment": "turn"}, "unknown augmentation 'turn'; known: auto, none, crop"),
        ({"budget": "120MB"}, "cannot read the budget"),
        ({"space": "plain-33"}, "unknown space 'plain-33'"),
        ({"recipe": "quik"}, "unknown recipe 'quik'"),
        ({"epochs": 0}, "epochs must be 1 "),
    ],
)
def test_what_cannot_be_is_refused_early(options, complaint):
    with pytest.raises((NasTcError, UnknownNameError), match=complaint):
        plan(**options)


def test_what_a_budget_does_to_a_space_is_a_line():
    space = load_space("plain-32").at((1, 32, 32), 10)

    def described(budget):
        return describe_fit(space, resolve_budget(parse_budget(budget), space.input))

    assert described("120M") == (
        "space: plain-32, networks of 43,008 to 2,813,509,632 multiply-adds"
    )  # README
    assert described("5G").startswith("space: plain-32; the budget does not bind: the costliest")
    assert described("latency<=5ms") == "space: plain-32; its networks must be timed"
    assert described("params<=50k").endswith("% of its networks fit")
    with pytest.raises(BudgetError, match=r"is within the budget of 1,000 .* raise the budget"):
        described("1k")
    with pytest.raises(BudgetError, match=r"has the 4,000,000,000 multiply-adds .* lower the"):
        described("complexity in 4G..5G")
