"""`BudgetSampler` over the networks of a space, whose costs are known exactly."""

from collections.abc import Callable
from itertools import islice
from math import inf

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution

from nas_tc.architecture import Architecture
from nas_tc.budget import Limit
from nas_tc.cost import complexity
from nas_tc.errors import ArchitectureError, BudgetError
from nas_tc.experience import Experience, SpaceNumbers
from nas_tc.sampler.budget_sampler import BudgetSampler
from nas_tc.sampler.distributions import Floats, Params
from nas_tc.sampler.feasible_draws import Cost, Draws, FeasibleDraws
from nas_tc.search.nearest_draws import NearestDraws
from nas_tc.search.network_judge import NetworkJudge
from nas_tc.space import Feasible, Joint, Space, extreme_network

_LISTED = 4096  # networks
_DECODED = 4096  # networks that are remembered
_FAR = 2  # times the limit: what a network is said to cost that is over one that is no number
_FEWEST, _MOST = 64, 4096  # networks of a batch of draws: each is twice as large as the last
_DRAWN = 32_768  # networks for one call, before walking to those that keep the other limits too
_CHECKED = 20  # of them, times the first batch, that are compared with limits without a formula


def network_sampler(
    space: Space,
    limit: Limit,
    seed: int,
    admits: Callable[[Architecture], bool] | None = None,
    reading: str | None = None,
    most_macs: float = inf,
    experience: Experience | None = None,
) -> BudgetSampler:
    """Proposes networks of `space` that are within `limit`.

    None of them is proposed twice, unless to train it again tells more than to train a new one.
    Settings of the genes that decode to the same network count as one. Samples are uniform, and
    within the complexity by construction; a network that breaks another limit is drawn again.

    Args:
        space: space of the networks.
        limit: limit that a formula can check.
        seed: seed of the proposals.
        admits: whether a network keeps within limits that no formula knows, by what can be
            predicted now; asked anew for each proposal.
        reading: name of the user attribute with what trials show at rungs; see `BudgetSampler`.
        most_macs: multiply-adds above which no network is likely to keep the limits that no formula
            knows; none above it is proposed.
        experience: what earlier trainings say of the networks of `space`, which it covers.

    Raises:
        BudgetError: no network is found.
        SpaceError: the maps of every network shrink to nothing.
    """
    most = limit.complexity or complexity(extreme_network(space, "costliest"))
    if most_macs < most:  # at least some room above the cheapest, whatever is predicted
        least = max(limit.least_complexity, complexity(extreme_network(space, "cheapest")))
        most = min(most, int(max(most_macs, 2.0 * least)))
    distributions = _distributions(space)
    decode = _Decoder(space)
    others = [cap for cap in limit.caps if cap.bound.measure != "complexity"]

    def cost(genes: Params) -> float:
        """The complexity; above the limit, or below nothing, for what breaks another limit."""
        architecture = decode(genes)
        try:
            macs = complexity(architecture)
            for cap in others:
                if not cap.admits(used := cap.of(architecture)):
                    return most * used / cap.most if used > cap.most else float(used - cap.least)
        except ArchitectureError:
            return float("inf")
        return macs

    def is_admitted(genes: Params) -> bool:
        return admits is None or admits(decode(genes))

    def canonical(genes: Params) -> Params:
        return space.encode(decode(genes))

    expectation = None
    if experience is not None and distributions:
        numbers = SpaceNumbers(space)

        def expectation(settings: Floats) -> Floats:
            return experience.expected(numbers(settings.astype(np.int64)))

    judge = NetworkJudge(space, limit.least_complexity, most, others)
    draws = (
        _Networks(space, limit, most, cost, judge, is_admitted if admits else None)
        if distributions
        else None
    )
    return BudgetSampler(
        distributions,
        cost,
        most,
        floor=limit.least_complexity,
        seed=seed,
        canonical=canonical,
        judge=judge,
        draws=draws,
        repeats=True,
        admits=None if admits is None else is_admitted,
        reading=reading,
        expectation=expectation,
    )


class _Decoder:
    """`Space.decode` with a memory: each candidate is asked for several times in a row.

    Args:
        space: space of the genes.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._known: dict[tuple[object, ...], Architecture] = {}

    def __call__(self, genes: Params) -> Architecture:
        """The network that the genes' values choose."""
        key = tuple([genes[gene.name] for gene in self._space.genes])
        if key not in self._known:
            if len(self._known) >= _DECODED:
                self._known.clear()
            self._known[key] = self._space.decode(genes)
        return self._known[key]


class _Networks:
    """Uniform samples of the networks that keep all limits, where a fair share of samples does."""

    def __init__(
        self,
        space: Space,
        limit: Limit,
        most: int,
        cost: Cost,
        judge: NetworkJudge,
        admits: Callable[[Params], bool] | None,
    ) -> None:
        self._space, self._limit = space, limit
        self._cost, self._least, self._most = cost, limit.least_complexity, most
        self._judge = judge
        self._admits = admits or _anything
        self._walker: Draws | None = None
        self._distributions = _distributions(space)
        self.all: list[Params] | None = None
        if any(cap.bound.measure != "complexity" for cap in limit.caps):
            self._source: Feasible | Joint = Joint(space, limit.caps)
        else:
            self._source = Feasible(space, self._least, most)
        # What is drawn may break a limit.
        self._is_checked = admits is not None or isinstance(self._source, Joint)
        if self._source.count <= _LISTED:
            # What is admitted may change, so all that keep the formulas are listed.
            self.all = [*space.values(judge.within(self._source.all()).tolist())]
            if not any(map(self._admits, self.all)):
                raise BudgetError(
                    f"no network of the space {space.name!r} is within {str(limit.budget)!r}; "
                    "nas-tc budget shows what each limit leaves"
                )

    def draw(self, settings: int, random: np.random.Generator) -> list[Params]:
        """This many networks, perhaps some twice."""
        if self.all is not None:
            listed = [each for each in self.all if self._admits(each)] or self.all
            return [listed[n] for n in random.integers(len(listed), size=settings)]
        found: list[Params] = []
        batch = max(settings, _FEWEST) if self._is_checked else settings
        drawn, checked, most_checked = 0, 0, _CHECKED * batch
        while drawn < _DRAWN and checked < most_checked:
            rows = self._judge.within(self._source.draw(batch, random))
            drawn, batch = drawn + batch, max(batch, min(2 * batch, _MOST))
            rows = rows[: most_checked - checked]
            checked += len(rows)
            values = self._space.values(rows.tolist())
            found += islice(filter(self._admits, values), settings - len(found))
            if len(found) == settings:
                return found
        # For this call alone: the next depends on its seed, not on the luck of this one.
        if self._walker is None:
            self._walker = self._new_walker()
        return found + self._walker.draw(settings - len(found), random)

    def _new_walker(self) -> Draws:
        """Who finds what hardly any even draw is.

        Raises:
            BudgetError: nobody does.
        """
        try:
            return FeasibleDraws(self._distributions, self._judged, self._most, self._least)
        except BudgetError:  # several limits: the cheapest of the space may keep the fewest of them
            return NearestDraws(self._space, self._limit, self._fits)

    def _fits(self, genes: Params) -> bool:
        return self._is_within(genes) and self._admits(genes)

    def _is_within(self, genes: Params) -> bool:
        return self._least <= self._cost(genes) <= self._most

    def _judged(self, genes: Params) -> float:
        """The cost, over the limit for what is not admitted: that leads to cheaper networks."""
        cost = self._cost(genes)
        return cost if cost > self._most or self._admits(genes) else _FAR * self._most


def _anything(_genes: Params) -> bool:
    return True


def _distributions(space: Space) -> dict[str, BaseDistribution]:
    return {gene.name: CategoricalDistribution(gene.choices) for gene in space.genes}
