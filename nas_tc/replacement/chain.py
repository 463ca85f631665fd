"""Chains of replacements, as the paper goes from A to J."""

from collections.abc import Collection, Iterator

from nas_tc.architecture import Architecture
from nas_tc.errors import NasTcError
from nas_tc.replacement.find import TOLERANCE, replacements
from nas_tc.replacement.original import Original
from nas_tc.replacement.replacement import Replacement, TradeOff


def chains(
    architecture: Architecture,
    *,
    steps: int,
    tolerance: float = TOLERANCE,
    kinds: Collection[TradeOff] | None = None,
) -> Iterator[tuple[Replacement, ...]]:
    """Chains to other networks, the shortest first; one chain to each network.

    Every network of a chain is within the tolerance of the one before it and of the first, so that
    many small steps do not add up. Two steps lead to some thousand networks.

    Args:
        architecture: Network that all chains begin with.
        steps: Greatest number of replacements in a chain.
        tolerance: As for `replacements`.
        kinds: As for `replacements`.

    Raises:
        NasTcError: `steps` is below 1, or as for `replacements`.
    """
    if steps < 1:
        raise NasTcError(f"steps must be 1 or more, not {steps}")
    first = replacements(architecture, tolerance=tolerance, kinds=kinds)  # refuses bad input now
    return _chains(architecture, first, steps, tolerance, kinds)


def _chains(
    architecture: Architecture,
    first: Iterator[Replacement],
    steps: int,
    tolerance: float,
    kinds: Collection[TradeOff] | None,
) -> Iterator[tuple[Replacement, ...]]:
    original = Original.of(architecture, tolerance)
    seen = {architecture}
    ways: list[tuple[Replacement, ...]] = [()]
    for step in range(steps):
        longer = []
        for way in ways:
            found = first
            if step > 0:
                found = replacements(way[-1].architecture, tolerance=tolerance, kinds=kinds)
            for each in found:
                if each.architecture not in seen and original.admits(each.complexity):
                    seen.add(each.architecture)
                    longer.append((*way, each))
                    yield longer[-1]
        ways = longer
