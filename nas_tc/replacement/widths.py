"""Whole widths for an exact one: the roundest that keep the tolerance."""

from collections.abc import Callable, Iterator
from math import floor

from nas_tc.architecture import Stage
from nas_tc.replacement.original import Original

_ROUNDEST = 32  # the widths of the paper's Table 1 are multiples of it

Made = tuple[int, tuple[Stage, ...], int]  # the width, the new stages, the network's multiply-adds


def roundest_widths(
    original: Original, index: int, exact: float, make: Callable[[int], tuple[Stage, ...] | None]
) -> Iterator[Made]:
    """What `make` makes of the roundest widths beside `exact` whose networks are admitted.

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


def _rounded(exact: float) -> Iterator[tuple[int, ...]]:
    """Whole widths just below and above; coarse first.

    First multiples of 32, as the paper has them; for narrow layers of half the power of two below
    them; then of half of that, and so on down to 1.
    """
    if exact < 1:
        return
    step = min(_ROUNDEST, max(1, (1 << floor(exact).bit_length()) // 4))
    while step:
        below = floor(exact / step) * step
        yield (below,) if below == exact else (below, below + step)
        step //= 2
