"""The recipe of an experiment."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nas_tc.experiment.specification import Experiment
from nas_tc.recipe import Recipe, load_recipe


def recipe_of(experiment: Experiment, fields: Mapping[str, Any]) -> Recipe:
    """The recipe of an experiment, before the images add their augmentation.

    Images have the size of the networks, so there is no margin to crop from, and each test image is
    seen once.

    Args:
        experiment: Experiment whose recipe it is.
        fields: Fields in place of the file's and the recipe's own.

    Raises:
        NasTcError: There is no such recipe or field, or a value is out of its range.
    """
    recipe = load_recipe(experiment.recipe, **{**experiment.recipe_fields, **fields})
    return replace(recipe, margin=0, views=1)
