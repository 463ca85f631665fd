"""Who is next? Networks of a space that are within the budget and new to the study."""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from nas_tc.architecture import Architecture
from nas_tc.budget import Limit
from nas_tc.cost import complexity
from nas_tc.errors import ArchitectureError
from nas_tc.search.records import ARCHITECTURE_KEY
from nas_tc.space import Space, Values, extreme_network

_STARTUP_TRIALS = 10  # drawn evenly before a model is of any use
_MODEL_DRAWS = 24
_EVEN_DRAWS = 2000
_CHEAPEST_SHARE = 0.02  # of the limit: how low the ceiling of a proposal may be set, a floor aside


class AffordableSampler(BaseSampler):
    """Proposes only networks that fit the budget and that the study does not have yet.

    Ten are drawn evenly; then Optuna's tree-structured Parzen estimator proposes, and what is over
    the budget is thrown away by formula, in the driver. Every second proposal must be below a
    lower ceiling, drawn anew, so that the whole front is filled and not its dear end alone.

    A proposal depends on the seed and on the trials in the study, not on how often the search was
    interrupted.

    Args:
        space: to propose from.
        limit: that a formula can check.
        seed: of the proposals.
        admits: whether a network keeps within what no formula knows, as far as can be foretold.

    Attributes:
        rejected: proposals outside the budget so far.
    """

    def __init__(
        self,
        space: Space,
        limit: Limit,
        seed: int,
        admits: Callable[[Architecture], bool] = lambda _: True,
    ) -> None:
        self._admits = admits
        self._space = space
        self._limit = limit
        self._slower_caps = [cap for cap in limit.caps if cap.bound.measure != "complexity"]
        self._most = limit.complexity or complexity(extreme_network(space, "dearest"))
        self._lowest_share = max(_CHEAPEST_SHARE, min(1.0, limit.least_complexity / self._most))
        self._seed = seed
        self._next: Values | None = None
        self._seen: set[Architecture] = set()
        self._remembered: set[int] = set()  # numbers of the trials whose networks are in _seen
        self.distributions: dict[str, BaseDistribution] = {
            gene.name: CategoricalDistribution(gene.choices) for gene in space.genes
        }
        self.rejected = 0

    def has_next(self, study: optuna.Study) -> bool:
        """Whether there is another network to propose; False when the space is exhausted."""
        return self._prepared(study, len(study.get_trials(deepcopy=False)))

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Optuna's hook: all genes are chosen together."""
        return self.distributions

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Optuna's hook: the genes of the next network."""
        if not self._prepared(study, trial.number):
            return {}
        proposed, self._next = self._next, None
        return dict(proposed or {})

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Optuna's hook for a parameter that was not chosen with the others; there is none."""
        if param_name in self.distributions:
            raise ValueError(
                f"the space {self._space.name!r} holds no other network within the budget; call "
                "has_next() before you ask for one"
            )
        raise ValueError(f"{param_name!r} is not a gene of the space {self._space.name!r}")

    def _prepared(self, study: optuna.Study, number: int) -> bool:
        """Makes sure that `_next` is new to the study; `number` is that of the trial it is for."""
        trials = study.get_trials(deepcopy=False)
        self._remember(trials)
        if self._next is None or self._space.decode(self._next) in self._seen:
            self._next = self._propose(study, trials, np.random.default_rng([self._seed, number]))
        return self._next is not None

    def _propose(
        self, study: optuna.Study, trials: list[FrozenTrial], random: np.random.Generator
    ) -> Values | None:
        ceiling = self._most
        if random.random() < 0.5:
            ceiling = int(ceiling * self._lowest_share ** random.random())
        for values in self._draws(study, trials, random):
            found = self._admitted(values, ceiling)
            if found is not None and found not in self._seen:
                return values
        # Hardly any network fits, or nearly all that do are known: look from known ones onward.
        return self._unseen_neighbour(random)

    def _remember(self, trials: list[FrozenTrial]) -> None:
        """Adds the networks of trials that were not there before."""
        for trial in trials:
            if trial.number in self._remembered or _came_to_nothing(trial):
                continue
            # A queued trial has no parameters yet but those that it was queued with. One that is
            # being asked for lacks some, and for ever if the search is killed meanwhile.
            values = trial.params or trial.system_attrs.get("fixed_params", {})
            if values.keys() >= self.distributions.keys():
                self._seen.add(self._space.decode(values))
                self._remembered.add(trial.number)

    def _draws(
        self, study: optuna.Study, trials: list[FrozenTrial], random: np.random.Generator
    ) -> Iterator[Values]:
        finished = sum(t.state in (TrialState.COMPLETE, TrialState.PRUNED) for t in trials)
        if finished >= _STARTUP_TRIALS:
            model = TPESampler(
                seed=int(random.integers(2**31)), multivariate=True, constant_liar=False
            )
            blank = optuna.trial.create_trial(state=TrialState.WAITING)
            for _ in range(_MODEL_DRAWS):
                yield model.sample_relative(study, blank, self.distributions)
        for _ in range(_EVEN_DRAWS):
            yield {
                gene.name: gene.choices[random.integers(len(gene.choices))]
                for gene in self._space.genes
            }

    def _admitted(self, values: Values, ceiling: int) -> Architecture | None:
        """The network, if it exists, fits and costs no more than `ceiling`."""
        architecture = self._space.decode(values)
        try:
            cost = complexity(architecture)
            if (
                not self._limit.admits(cost)
                or not all(cap.admits(cap.of(architecture)) for cap in self._slower_caps)
                or not self._admits(architecture)
            ):
                self.rejected += 1
                return None
        except ArchitectureError:
            return None
        return architecture if cost <= ceiling else None

    def _unseen_neighbour(self, random: np.random.Generator) -> Values | None:
        """A new affordable network reached from the cheapest one by changing one gene at a time.

        Below a floor the dearest is followed first, which climbs to the range in few steps.
        """
        start = self._space.encode(extreme_network(self._space, "cheapest"))
        queue, visited = [(0, 0, start)], {tuple(start.values())}
        while queue:
            _, _, values = heappop(queue)
            found = self._admitted(values, self._most)
            if found is not None and found not in self._seen:
                return values
            if found is None and not self._is_below(values):
                continue
            for index in random.permutation(len(self._space.genes)):
                gene = self._space.genes[index]
                for choice in gene.choices:
                    neighbour = {**values, gene.name: choice}
                    key = tuple(neighbour.values())
                    if key not in visited:
                        visited.add(key)
                        heappush(queue, (self._shortfall(neighbour), len(visited), neighbour))
        return None

    def _is_below(self, values: Values) -> bool:
        """Whether a network exists that only lacks what a range asks for."""
        architecture = self._space.decode(values)
        try:
            return all(cap.of(architecture) <= cap.most for cap in self._limit.caps)
        except ArchitectureError:
            return False

    def _shortfall(self, values: Values) -> int:
        """Multiply-adds that a network lacks for the budget's range; 0 where there is none."""
        least = self._limit.least_complexity
        if not least:
            return 0
        try:
            return max(0, least - complexity(self._space.decode(values)))
        except ArchitectureError:
            return least


def _came_to_nothing(trial: FrozenTrial) -> bool:
    """Whether the trial was killed before its network was handed to anyone."""
    return trial.state == TrialState.FAIL and ARCHITECTURE_KEY not in trial.user_attrs
