"""Samples of networks within several limits at once, where hardly any network of a space fits."""

from collections.abc import Callable

import numpy as np

from nas_tc.architecture import Architecture, walk
from nas_tc.budget import Limit
from nas_tc.errors import ArchitectureError, BudgetError
from nas_tc.sampler.distributions import Params
from nas_tc.space import Space, extreme_networks, nearest_network

_FOUND = 16  # networks that one call finds at most; all its settings are among them
_TRIED = 64  # uniform samples that one call changes at most


class NearestDraws:
    """Uniform samples, changed gene after gene until they keep all limits.

    A gene is a choice of the space, such as the width of stage 2. Changing one sample takes a
    hundredth of a second, so one call finds only a few networks.

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
        extremes = map(self._changed, extreme_networks(space))
        self._last = [each for each in extremes if each is not None]
        self._last = self._last or self._new(1, np.random.default_rng(0))
        if not self._last:
            raise BudgetError(
                f"no network within {str(limit.budget)!r} was found in the space {space.name!r}: "
                f"neither among the cheapest and {_TRIED} drawn ones nor among those that these "
                "lead to, which is no proof that there is none; nas-tc budget shows what each "
                "limit leaves"
            )

    def draw(self, settings: int, random: np.random.Generator) -> list[Params]:
        """As many settings (genes of networks) as asked for, some of them several times."""
        found = self._new(min(settings, _FOUND), random) or self._last
        return [found[place] for place in random.integers(len(found), size=settings)]

    def _new(self, many: int, random: np.random.Generator) -> list[Params]:
        """Up to `many` settings within all limits; fewer if too many samples fail."""
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
            if (genes := self._changed(start)) is not None:
                found.append(genes)
                if len(found) == many:
                    break
        return found

    def _changed(self, start: Architecture) -> Params | None:
        """The genes of the network that changes of `start` lead to, if it keeps all limits."""
        nearest, is_within = nearest_network(self._space, self._limit.caps, [start])
        genes = self._space.encode(nearest)
        return genes if is_within and self._fits(genes) else None
