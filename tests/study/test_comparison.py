"""Which budgets make the same search."""

import copy

import pytest

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.data import load_data
from nas_tc.recipe import Recipe
from nas_tc.search.settings import Settings
from nas_tc.space import load_space
from nas_tc.study.comparison import difference


@pytest.fixture(scope="module")
def kept_with():
    data = load_data("digits")
    space = load_space("plain-32").at(data.shape, 10)

    def kept(expression):
        limit = resolve_budget(parse_budget(expression), data.shape, 10)
        return Settings(space, limit, data, Recipe(), seed=0).to_dict()

    return kept


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alexnet*0.6", "complexity <= alexnet*.60"),
        ("alexnet*0.6", "5517216"),
        ("5M, params<=20k", "params<=0.02M,5M"),
        ("memory<=64KiB", "memory<=65536B@b1"),
    ],
)
def test_the_same_limits_written_in_another_way(kept_with, one, other):
    assert difference(kept_with(one), kept_with(other)) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5M", "complexity in 4M..5M"),
        ("5M", "5M, params<=20k"),
        ("params<=20k", "params<=21k"),
        ("memory<=64KiB", "memory<=64KiB@b2"),
        ("memory<=64KiB", "train_memory<=64KiB@b1"),
    ],
)
def test_other_limits_are_another_search(kept_with, one, other):
    said = difference(kept_with(one), kept_with(other))
    assert said.startswith(f"budget: {one}")
    assert other in said


def test_a_study_of_the_first_version_goes_on(kept_with):
    old = copy.deepcopy(kept_with("alexnet*0.6"))
    del old["budget"]["limits"]
    assert difference(old, kept_with("alexnet*0.6")) is None
    assert difference(old, kept_with("alexnet*0.6, params<=20k")).startswith("budget: ")


def test_another_experience_is_another_search(kept_with):
    alone = kept_with("5M")
    guided = alone | {"experience": "plain-1"}
    assert difference(guided, guided) is None
    assert difference(guided, alone) == "experience: plain-1 against none"
    assert difference(alone, guided) == "experience: none against plain-1"
