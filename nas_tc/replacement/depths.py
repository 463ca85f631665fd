"""The depth at which a stage of any block comes nearest to the original's complexity."""

from collections.abc import Callable
from math import floor

from nas_tc.architecture import Stage
from nas_tc.errors import ArchitectureError
from nas_tc.replacement.original import Original


def nearest_depth(
    at: Original, index: int, make: Callable[[int], Stage], target: int, most: int
) -> tuple[Stage, int] | None:
    """The stage whose depth brings the network nearest to a complexity, and what it comes to.

    Every unit behind the second costs the same, so the prices of two and three units tell all.

    Args:
        at: Network to put the stage into.
        index: Index of the stage, from 0.
        make: Function from a depth to the stage; it may raise ArchitectureError.
        target: Complexity to come near to, multiply-adds.
        most: Greatest depth, units.

    Returns:
        None if there is no such stage, or only a deeper one.
    """
    try:
        two, three = (at.price(index, (make(depth),)) for depth in (2, 3))
    except ArchitectureError:
        return None
    if two is None or three is None or three <= two:
        return None
    exact = 2 + (target - two) / (three - two)
    if exact >= most + 1:
        return None
    depths = {1, max(1, floor(exact)), max(1, min(most, floor(exact) + 1))}
    priced = [(make(depth), at.price(index, (make(depth),))) for depth in sorted(depths)]
    return min(
        ((stage, price) for stage, price in priced if price is not None),
        key=lambda each: abs(each[1] - target),
        default=None,
    )
