"""The recipe as a value."""

import pytest

from nas_tc.errors import NasTcError
from nas_tc.recipe import RECIPES, Recipe


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_survives_its_dict(name):
    assert Recipe.from_dict(RECIPES[name].to_dict()) == RECIPES[name]


def test_a_dict_of_an_older_version_has_the_defaults():
    assert Recipe.from_dict({"epochs": 3, "augment": ["flip"]}) == Recipe(
        epochs=3, augment=("flip",)
    )


@pytest.mark.parametrize(
    ("epochs", "rungs"), [(1, (1,)), (2, (1, 2)), (5, (1, 2, 5)), (12, (1, 4, 12))]
)
def test_rungs(epochs, rungs):
    assert Recipe(epochs=epochs).rungs == rungs


def test_a_recipe_survives_json():
    recipe = Recipe(epochs=7, augment=("flip",))
    assert Recipe.from_dict(recipe.to_dict()) == recipe


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"batch_size": 1},
        {"learning_rate": 0.0},
        {"warmup": 1.0},
        {"momentum": 1.0},
        {"weight_decay": -1.0},
        {"label_smoothing": 1.0},
        {"augment": ("spin",)},
        {"epochs": 10**9},
        {"batch_size": 10**30},
        {"learning_rate": 1e300},
        {"weight_decay": 1e300},
        {"crop_padding": 10**30},
        {"margin": 10**9},
    ],
)
def test_recipes_out_of_range(wrong):
    with pytest.raises(NasTcError, match=f"^{next(iter(wrong))} must be"):
        Recipe(**wrong)


def test_restarts_and_drops_exclude_each_other():
    with pytest.raises(NasTcError, match=r"^restarts=true and drops=\[3\] are two schedules"):
        Recipe(restarts=True, drops=(3,))
