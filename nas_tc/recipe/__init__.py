"""How is a network trained? The recipe and its learning curve as values; no torch."""

from nas_tc.recipe.curve import CurvePoint
from nas_tc.recipe.files import (
    FULL,
    HE_SUN_2015,
    QUICK,
    RECIPES,
    augmented,
    earlier_recipes,
    load_recipe,
    parse_fields,
)
from nas_tc.recipe.recipe import AUGMENTATIONS, Recipe

__all__ = [
    "AUGMENTATIONS",
    "FULL",
    "HE_SUN_2015",
    "QUICK",
    "RECIPES",
    "CurvePoint",
    "Recipe",
    "augmented",
    "earlier_recipes",
    "load_recipe",
    "parse_fields",
]
