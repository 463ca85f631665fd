"""Searches a space for the network nearest to keeping all limits, by changes of single genes.

A gene is a choice of the space, such as the width of stage 2.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from nas_tc.architecture import Architecture
from nas_tc.budget import Bound
from nas_tc.errors import ArchitectureError
from nas_tc.space.choices import Choice
from nas_tc.space.space import Space

# Greatest ratio of an amount to its limit, and the sum of the ratios above 1.
Excess = tuple[float, float]
_NONE = (float("inf"), float("inf"))


class Limited(Protocol):
    """Interface of one limit: a `FormulaLimit`, or a limit on a predicted time."""

    @property
    def bound(self) -> Bound:
        """The limit as written in the budget."""

    @property
    def most(self) -> float:
        """Upper end of the limit, in the measure's unit."""

    @property
    def least(self) -> float:
        """Lower end of the limit, in the measure's unit."""

    def of(self, architecture: Architecture) -> float:
        """Amount of the limited measure for a network."""

    def admits(self, value: float) -> bool:
        """Whether an amount is within the limit."""

    def amount(self, value: float, *, up: bool = True) -> str:
        """An amount in the budget language, rounded up or down."""

    def shown(self, value: float) -> str:
        """An amount for a printed table."""


def excess(limits: Sequence[Limited], values: Sequence[float]) -> Excess:
    """Distance of a network with these values from keeping all limits.

    Args:
        limits: Limits to keep.
        values: Amount of each limit's measure, in the same order.

    Returns:
        The greatest ratio of an amount to its limit, 1 or less where all are kept; and the sum of
        those above 1.
    """
    ratios = [
        max(value / limit.most, limit.least / max(value, 1e-9))
        for limit, value in zip(limits, values, strict=True)
    ]
    return max(ratios, default=0.0), sum(ratio for ratio in ratios if ratio > 1)


def nearest_network(
    space: Space, limits: Sequence[Limited], starts: Iterable[Architecture]
) -> tuple[Architecture, bool]:
    """The network nearest to keeping all limits that single changes reach from `starts`.

    The search ends at the first network that keeps all limits. A nearer one may exist where two
    genes have to change at once.

    Args:
        space: Space of the networks.
        limits: Limits to keep.
        starts: Networks of the space to begin with, at least one.

    Returns:
        The network, and whether it keeps all limits.
    """
    best, least = None, _NONE
    for start in starts:
        found, its = _descended(space, limits, start)
        if best is None or its < least:
            best, least = found, its
        if least[0] <= 1:
            break
    assert best is not None
    return best, least[0] <= 1


def _descended(
    space: Space, limits: Sequence[Limited], start: Architecture
) -> tuple[Architecture, Excess]:
    """The network where a descent from `start` ends, and its excess."""

    def its_excess(network: Architecture) -> Excess:
        return excess(limits, [limit.of(network) for limit in limits])

    values: dict[str, Choice] = space.encode(start)
    current, its = start, its_excess(start)
    is_nearer = True
    while is_nearer and its[0] > 1:
        is_nearer = False
        for gene in space.genes:
            for choice in gene.choices:
                tried = space.decode({**values, gene.name: choice})
                if tried == current:
                    continue
                try:
                    new = its_excess(tried)
                except ArchitectureError:  # its maps shrink to nothing
                    continue
                if new < its:
                    values, current, its = {**values, gene.name: choice}, tried, new
                    is_nearer = True
    return current, its
