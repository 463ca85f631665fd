"""Samples of settings within a cost range, where the cost may be any function.

Where a fair share fits, settings are drawn evenly until one does. Elsewhere what is drawn walks
towards the cheapest or the costliest setting, one parameter after another, until its cost is in the
range: that finds what fits where hardly anything does, but not evenly, for there are more ways to
some settings than to others. Spaces of few settings are listed and drawn from evenly.
"""

from collections.abc import Callable, Iterator
from itertools import product
from math import prod
from typing import Any, Protocol

import numpy as np

from nas_tc.errors import BudgetError
from nas_tc.sampler.distributions import Distributions, Params, steps, value_at, values

_LISTED = 4096  # settings that are listed
_EVEN = 20  # uniform samples for one that fits, before walking to it
_WALKS = 200  # in a row that end outside of the range before the search gives up
_STARTS = 8  # of the search for the cheapest and the costliest

Cost = Callable[[Params], float]


class Draws(Protocol):
    """Source of settings within a cost range."""

    @property
    def all(self) -> list[Params] | None:
        """All settings within the range if they are few; None otherwise."""

    def draw(self, settings: int, random: np.random.Generator) -> list[Params]:
        """As many settings as asked for, perhaps some twice."""


class FeasibleDraws:
    """Samples of settings with `floor <= cost <= limit`.

    Args:
        distributions: Distributions of the parameters, by name.
        cost: Function from a setting to its cost.
        limit: Greatest cost.
        floor: Least cost.

    Raises:
        BudgetError: No setting within the range is found.
    """

    def __init__(
        self, distributions: Distributions, cost: Cost, limit: float, floor: float = 0.0
    ) -> None:
        self._distributions = distributions
        self._cost = cost
        self._limit = limit
        self._floor = floor
        many = [steps(each) for each in distributions.values()]
        self.all: list[Params] | None = None
        if None not in many and prod(each or 1 for each in many) <= _LISTED:
            self.all = [each for each in self._every() if self._fits(each)]
            if not self.all:
                raise self._nothing(sorted(cost(each) for each in self._every()))
            return
        random = np.random.default_rng(0)
        self._cheapest = self._extreme(1.0, random)
        self._costliest = self._extreme(-1.0, random)
        if not self._fits(self._cheapest) and not self._fits(self._costliest):
            ends = [cost(self._cheapest), cost(self._costliest)]
            if ends[0] > limit or ends[1] < floor or self._walked(random) is None:
                raise self._nothing(ends)

    def draw(self, settings: int, random: np.random.Generator) -> list[Params]:
        """As many settings within the range as asked for, perhaps some twice."""
        if self.all is not None:
            return [self.all[n] for n in random.integers(len(self.all), size=settings)]
        found: list[Params] = []
        while len(found) < settings:
            drawn = (self._even(random) for _ in range(_EVEN))
            params = next(filter(self._fits, drawn), None) or self._walked(random)
            found.append(params or self._a_fitting_end())
        return found

    def _fits(self, params: Params) -> bool:
        return self._floor <= self._cost(params) <= self._limit

    def _every(self) -> Iterator[Params]:
        for chosen in product(*(values(each) for each in self._distributions.values())):
            yield dict(zip(self._distributions, chosen, strict=True))

    def _even(self, random: np.random.Generator) -> dict[str, Any]:
        return {name: value_at(each, random.random()) for name, each in self._distributions.items()}

    def _walk(self, params: Params, random: np.random.Generator) -> Params | None:
        """A setting within the range, reached from `params` parameter by parameter; or None."""
        current = dict(params)
        for _ in range(2):
            end = self._cheapest if self._cost(current) > self._limit else self._costliest
            is_above = self._cost(current) > self._limit
            for name in random.permutation(list(self._distributions)):
                current[name] = end[name]
                if (self._cost(current) > self._limit) != is_above or self._fits(current):
                    # The cost has come into the range, or crossed it: any value that fits is taken.
                    fitting = self._fitting_values(current, name)
                    if fitting:
                        return {**current, name: fitting[random.integers(len(fitting))]}
        return None

    def _fitting_values(self, params: Params, name: str) -> list[Any]:
        """The values of one parameter with which a setting fits."""
        distribution = self._distributions[name]
        tried = [params[name], *values(distribution)]
        return [value for value in tried if self._fits({**params, name: value})]

    def _walked(self, random: np.random.Generator) -> Params | None:
        for _ in range(_WALKS):
            walked = self._walk(self._even(random), random)
            if walked is not None:
                return walked
        return None

    def _a_fitting_end(self) -> Params:
        return self._cheapest if self._fits(self._cheapest) else self._costliest

    def _extreme(self, sign: float, random: np.random.Generator) -> Params:
        """The cheapest or costliest setting that changing one parameter after another leads to.

        Args:
            sign: 1 for the cheapest, -1 for the costliest.
            random: where the starts come from.
        """
        best, least = self._even(random), float("inf")
        for _ in range(_STARTS):
            current = self._even(random)
            cost = sign * self._cost(current)
            is_better = True
            while is_better:
                is_better = False
                for name, distribution in self._distributions.items():
                    for value in values(distribution):
                        tried = {**current, name: value}
                        if (new := sign * self._cost(tried)) < cost:
                            current, cost, is_better = tried, new, True
            if cost < least:
                best, least = current, cost
        return best

    def _nothing(self, costs: list[float]) -> BudgetError:
        """The error that no setting is within the range; `costs` are sorted."""
        wanted = f"{self._limit:g}" if self._floor <= 0 else f"{self._floor:g} to {self._limit:g}"
        return BudgetError(
            f"no setting is found with a cost within {wanted}: costs go from {costs[0]:g} to "
            f"{costs[-1]:g}; change the limit"
        )
