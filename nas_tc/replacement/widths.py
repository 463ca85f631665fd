"""Whole widths near an exact one: the roundest that keep the tolerance."""

from collections.abc import Callable, Iterator
from math import floor, sqrt

from nas_tc.architecture import Stage
from nas_tc.replacement.original import Original

_ROUNDEST = 32  # the widths of the paper's Table 1 are multiples of it

Priced = tuple[int, tuple[Stage, ...], int]  # width, new stages, multiply-adds


def roundest_widths(
    original: Original, index: int, exact: float, make: Callable[[int], tuple[Stage, ...] | None]
) -> Iterator[Priced]:
    """Results of `make` for the roundest widths near `exact` whose networks are admitted.

    Args:
        original: Network to replace layers of.
        index: Index of the stage that is replaced, from 0.
        exact: Width that solves the paper's equation.
        make: Function from a width to the new stages; it returns None where nothing would change.
    """
    for widths in _rounded(exact):
        found = False
        for width in widths:
            new = make(width)
            if new is None:
                continue
            complexity = original.price(index, new)
            if original.admits(complexity):
                found = True
                yield width, new, complexity
        if found:
            return


def priced_width(
    original: Original, index: int, around: int, step: int, make: Callable[[int], Stage]
) -> float | None:
    """The width with which a stage of any block keeps the complexity.

    The complexity is a quadratic function of the width of a stage's inner units, so three prices
    tell it.

    Args:
        original: Network to replace layers of.
        index: Index of the stage that is replaced, from 0.
        around: A width near which the function is asked.
        step: Number that the widths are multiples of.
        make: Function from a width to the new stage.

    Returns:
        The exact width; None if there is none above 0.
    """
    base = max(1, around // step) * step
    prices = [original.price(index, (make(times * base),)) for times in (1, 2, 3)]
    if None in prices:
        return None
    one, two, three = (price or 0 for price in prices)
    square = (three - 2 * two + one) / 2
    linear = two - one - 3 * square
    missing = original.complexity - (one - square - linear)
    if square <= 0:
        return missing / linear * base if linear > 0 and missing > 0 else None
    root = linear**2 + 4 * square * missing
    if root < 0 or (times := (sqrt(root) - linear) / (2 * square)) <= 0:
        return None
    return times * base


def _rounded(exact: float) -> Iterator[tuple[int, ...]]:
    """Whole widths just below and above `exact`, coarse ones first.

    First multiples of 32, as in the paper, or for narrow layers of half the power of two below
    them; then multiples of half of that, and so on down to 1.
    """
    if exact < 1:
        return
    step = min(_ROUNDEST, max(1, (1 << floor(exact).bit_length()) // 4))
    while step:
        below = floor(exact / step) * step
        yield (below,) if below == exact else (below, below + step)
        step //= 2
