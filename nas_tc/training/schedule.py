"""The learning rate as a function of the step, so that a resumed training needs no state for it."""

from nas_tc.recipe.recipe import Recipe, one_cycle


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """The rate of step `step`, from 0, in a training of `recipe.epochs` epochs."""
    if recipe.drops:
        epoch = step // steps_per_epoch
        return recipe.learning_rate * 0.1 ** sum(epoch >= drop for drop in recipe.drops)
    done = step / (recipe.epochs * steps_per_epoch)
    return recipe.learning_rate * one_cycle(done, recipe.warmup)
