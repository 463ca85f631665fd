"""The learning rate as a function of the step, so that a resumed training needs no state for it."""

from math import cos, pi

from nas_tc.training.recipe import Recipe

_FIRST = 0.1  # share of the peak that a cycle begins with


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """The rate of step `step`, from 0, in a training of `recipe.epochs` epochs."""
    if recipe.drops:
        epoch = step // steps_per_epoch
        return recipe.learning_rate * 0.1 ** sum(epoch >= drop for drop in recipe.drops)
    steps = recipe.epochs * steps_per_epoch
    rise = recipe.warmup * steps
    if step < rise:
        return recipe.learning_rate * (_FIRST + (1 - _FIRST) * step / rise)
    done = (step - rise) / (steps - rise)
    return recipe.learning_rate * (1 + cos(pi * done)) / 2
