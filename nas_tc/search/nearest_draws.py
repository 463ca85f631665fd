"""Networks within several limits at once, where hardly any of a space is."""

from collections.abc import Callable

import numpy as np

from nas_tc.architecture import walk
from nas_tc.budget import Limit
from nas_tc.errors import ArchitectureError, BudgetError
from nas_tc.sampler.distributions import Params
from nas_tc.space import Space, nearest_network

_FOUND = 16  # networks, among which all that a call asks for are drawn
_TRIED = 64  # starts of one that fits, before the search for more ends


class NearestDraws:
    """Uniform samples that are changed, gene after gene, until they keep all limits.

    It takes a hundredth of a second for each, so only a few are found for one call.

    Args:
        space: Space to draw from.
        limit: Limits that a formula can check.
        fits: Whether genes keep all limits, those without a formula included.

    Raises:
        BudgetError: No network that fits was found.
    """

    all: list[Params] | None = None

    def __init__(self, space: Space, limit: Limit, fits: Callable[[Params], bool]) -> None:
        self._space = space
        self._limit = limit
        self._fits = fits
        self._last = self._new(1, np.random.default_rng(0))
        if not self._last:
            raise BudgetError(
                f"no network of the space {space.name!r} is found within {str(limit.budget)!r}; "
                "nas-tc budget shows what each limit leaves"
            )

    def draw(self, settings: int, random: np.random.Generator) -> list[Params]:
        """This many settings, some of them several times if they are many."""
        found = self._new(min(settings, _FOUND), random) or self._last
        return [found[place] for place in random.integers(len(found), size=settings)]

    def _new(self, many: int, random: np.random.Generator) -> list[Params]:
        found: list[Params] = []
        for _ in range(_TRIED):
            start = self._space.decode(
                {
                    gene.name: gene.choices[random.integers(len(gene.choices))]
                    for gene in self._space.genes
                }
            )
            try:
                walk(start)
            except ArchitectureError:  # its maps shrink to nothing
                continue
            nearest, is_within = nearest_network(self._space, self._limit.caps, [start])
            genes = self._space.encode(nearest)
            if is_within and self._fits(genes):
                found.append(genes)
                if len(found) == many:
                    break
        return found
