"""The learning rate as a function of the step alone: a resumed training needs no state of it."""

import math
from itertools import pairwise

from nas_tc.recipe.recipe import Recipe

_START = 0.1  # share of its peak that the learning rate begins with


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """The learning rate of step `step`, counted from 0 over all epochs."""
    if recipe.drops:
        epoch = step // steps_per_epoch
        return recipe.learning_rate * 0.1 ** sum(epoch >= drop for drop in recipe.drops)
    first, last = _cycle(recipe, step // steps_per_epoch)
    done = (step - first * steps_per_epoch) / ((last - first) * steps_per_epoch)
    return recipe.learning_rate * one_cycle(done, recipe.warmup)


def _cycle(recipe: Recipe, epoch: int) -> tuple[int, int]:
    """The epochs before and after which the cycle of an epoch begins and ends."""
    if not recipe.restarts:
        return 0, recipe.epochs
    bounds = (0, *recipe.rungs)
    return next(cycle for cycle in pairwise(bounds) if epoch < cycle[1])


def one_cycle(progress: float, warmup: float) -> float:
    """The learning rate of a one-cycle schedule, as a share of its peak.

    torch's OneCycleLR is not used, because it divides by zero if the warm-up is a single step.

    Args:
        progress: Share of the steps that are done, 0 to 1.
        warmup: Share of the steps before the peak, 0 to 1.
    """
    if progress < warmup:
        return _START + (1 - _START) * progress / warmup
    return (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup))) / 2
