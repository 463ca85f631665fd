"""All replacements of a network."""

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from math import isfinite

from nas_tc.architecture import Architecture
from nas_tc.errors import NasTcError, unknown
from nas_tc.replacement.blocks import (
    trade_basic_plain,
    trade_bottleneck_basic,
    trade_separable_plain,
)
from nas_tc.replacement.delay import trade_delay
from nas_tc.replacement.depth_filter import trade_depth_filter
from nas_tc.replacement.depth_width import trade_depth_width
from nas_tc.replacement.expansion import trade_expansion_depth, trade_expansion_width
from nas_tc.replacement.original import Original
from nas_tc.replacement.pooling import trade_pooling
from nas_tc.replacement.replacement import TRADE_OFFS, Replacement, TradeOff
from nas_tc.replacement.resolution import trade_resolution_depth, trade_resolution_width
from nas_tc.replacement.width_filter import trade_width_filter

TOLERANCE = 0.07
"""Enough for every step of the paper: the widest, from I to E, multiplies complexity by 1.065."""

_TRADES: dict[TradeOff, Callable[[Original], Iterator[Replacement]]] = {
    "depth-filter": trade_depth_filter,
    "depth-width": trade_depth_width,
    "width-filter": trade_width_filter,
    "pooling": trade_pooling,
    "delay": trade_delay,
    "basic-plain": trade_basic_plain,
    "bottleneck-basic": trade_bottleneck_basic,
    "separable-plain": trade_separable_plain,
    "expansion-depth": trade_expansion_depth,
    "expansion-width": trade_expansion_width,
    "resolution-depth": trade_resolution_depth,
    "resolution-width": trade_resolution_width,
}


def replacements(
    architecture: Architecture,
    *,
    tolerance: float = TOLERANCE,
    limit: int | None = None,
    kinds: Collection[TradeOff] | None = None,
) -> Iterator[Replacement]:
    """Networks that differ from `architecture` by one layer replacement, none twice.

    Args:
        architecture: Original network. Stages of depthwise and inception blocks stay as they are,
            and so do those of grouped and dilated convolutions but for the resolution.
        tolerance: Largest distance of the complexity from the original's, as a factor: 0.07 admits
            1/1.07 to 1.07 times as much, so that every replacement can be undone.
        limit: Greatest number of replacements to return; None: all.
        kinds: Names of the trade-offs to make; None: all.

    Raises:
        NasTcError: The tolerance is below 0 or not a number, or the limit is below 0.
        UnknownNameError: No trade-off has this name.
        ArchitectureError: A map of the network shrinks to nothing.
    """
    if not (isfinite(tolerance) and tolerance >= 0):
        raise NasTcError(f"a tolerance is a share of 0 or more, as in 0.07, not {tolerance}")
    if limit is not None and limit < 0:
        raise NasTcError(f"a limit on replacements must be 0 or more, not {limit}")
    chosen = TRADE_OFFS if kinds is None else tuple(dict.fromkeys(kinds))
    for kind in chosen:
        if kind not in _TRADES:
            raise unknown("trade-off", kind, TRADE_OFFS)
    original = Original.of(architecture, tolerance)
    found = (each for kind in chosen for each in _TRADES[kind](original))
    return islice(found, limit)
