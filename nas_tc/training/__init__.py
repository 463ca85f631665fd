"""How good is it? Recipes, the training loop, the error."""

from nas_tc.training.batches import Images
from nas_tc.training.device import autocast_dtype, choose_device
from nas_tc.training.recipe import AUGMENTATIONS, Recipe
from nas_tc.training.train import DivergedError, Rung, error_rate, train

__all__ = [
    "AUGMENTATIONS",
    "DivergedError",
    "Images",
    "Recipe",
    "Rung",
    "autocast_dtype",
    "choose_device",
    "error_rate",
    "train",
]
