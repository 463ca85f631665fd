"""The networks of a space within a range of complexity: how many, and uniform samples of them."""

from math import gcd

import numpy as np
from numpy.typing import NDArray

from nas_tc.errors import SpaceError
from nas_tc.space.graph import network_graph
from nas_tc.space.paths import Counts, Paths, TooManyError, random_places
from nas_tc.space.space import Space, Values

_LONGEST = 1 << 22  # entries of a list; some 0.5 s and 200 MB
_COARSER = 16  # times the unit of costs, until the lists are short enough
_STEPS = 1 << 14  # of cost within a range, once lists were too long: each try takes a second
_ANY = 1 << 62
_ROUNDS = 1000  # of samples, before a range is said to be too narrow to be sampled

Ints = NDArray[np.int64]


class Feasible:
    """All networks of a space whose complexity lies in a range, as an indexed list.

    Where the list of all different costs is too long, costs are counted in a coarser unit. The list
    then has some networks just outside the range, too: samples leave these out, so that they are as
    uniform as elsewhere, and the number of networks is known between two bounds.

    Args:
        space: Space of the networks; different networks count, not settings of its genes.
        least: Least multiply-adds, Eqn. (1), inclusive.
        most: Most multiply-adds, inclusive.

    Attributes:
        count: Number of networks in the list; the exact number within the range if `is_exact`.
        at_least: Number of networks within the range, or a lower bound of it.
        is_exact: Whether both are equal and all networks of the list are within the range.

    Raises:
        SpaceError: A stage has too many choices.
    """

    def __init__(self, space: Space, least: int, most: int) -> None:
        self._space = space
        self._least, self._most = least, most
        self._graph = network_graph(space)
        levels = self._graph.levels
        finest = gcd(*(int(np.gcd.reduce(level.cost)) for level in levels if len(level.cost))) or 1
        self._unit = finest
        while True:
            # Rounded down, the cost of a path is at most one unit a level too low.
            off = 0 if self._unit == finest else 2 * len(space.stages) * (self._unit - 1)
            bounds = -(-(least - off) // self._unit), most // self._unit
            longest = _LONGEST if self._unit <= most else _ANY  # it cannot become shorter
            costs = [level.cost // self._unit for level in levels]
            try:
                self._paths = Paths(self._graph.edges(costs), *bounds, longest)
                break
            except TooManyError:
                self._unit *= _COARSER
                while most // self._unit > _STEPS:
                    self._unit *= _COARSER
        self.is_exact = off == 0
        self.count = self.at_least = self._paths.count
        if not self.is_exact:
            inner = -(-least // self._unit), (most - off) // self._unit
            self.at_least = self._paths.count_within(*inner)

    def draw(self, networks: int, random: np.random.Generator) -> Ints:
        """Uniform samples of networks, with replacement.

        Args:
            networks: Number of networks to draw.
            random: Generator of the random numbers.

        Returns:
            Settings of the genes, shape (networks, genes), as for `complexity_batch`; genes without
            effect have their first choice.

        Raises:
            SpaceError: No network is within the range, or none was found.
        """
        found: list[Ints] = []
        missing = networks
        for _ in range(_ROUNDS if self.count else 0):
            edges = self._paths.at(random_places(self.count, max(missing, 1), random))
            if not self.is_exact:
                cost = self._cost(edges)
                fits = (self._least <= cost) & (cost <= self._most)
                edges = [each[fits] for each in edges]
            found.append(self._graph.settings(edges)[:missing])
            missing -= len(found[-1])
            if not missing:
                return np.concatenate(found)
        raise SpaceError(
            f"no network of the space {self._space.name!r} has {self._least:,} to "
            f"{self._most:,} multiply-adds; change the range"
        )

    def at(self, places: Counts) -> Ints:
        """The networks at these positions of the list, from 0 to below `count`; as from `draw`."""
        return self._graph.settings(self._paths.at(places))

    def all(self) -> Ints:
        """All networks of the list."""
        return self.at(np.arange(self.count))

    def values(self, settings: Ints) -> list[Values]:
        """The same settings as values by the names of the genes."""
        return self._space.values(settings.tolist())

    def _cost(self, edges: list[Ints]) -> Ints:
        levels = zip(self._graph.levels, edges, strict=True)
        costs: Ints = np.sum([level.cost[taken] for level, taken in levels], axis=0)
        return costs
