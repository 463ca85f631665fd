"""`BudgetSampler`: an Optuna sampler that only proposes what fits, and fills the front below."""

from collections.abc import Callable, Sequence
from math import isfinite, log2
from threading import Lock
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from nas_tc.errors import BudgetError
from nas_tc.search.affordable import Affordable, Cost, Draws
from nas_tc.search.domain import Floats, Key, Params, features, is_within, key_of, neighbour, values
from nas_tc.search.improvement import Front, expected_improvement
from nas_tc.search.observations import observations
from nas_tc.search.surrogate import Surrogate

_STARTUP = 12  # trials drawn evenly before a model is of any use
_EVEN_SHARE = 0.08  # of the proposals behind them
_POOL = 512  # even draws that the model chooses among
_POOL_LASTS = 64  # trials
_MEMBERS = 8  # of the front, whose parameters are traded
_TRADES = 12  # from each
_MOST_NEIGHBOURS = 20_000  # looked at for a setting that is new


class BudgetSampler(BaseSampler):
    """Proposes settings with `floor <= cost <= limit`, none of them twice.

    The cost is known before a trial is run, so nothing is spent on what does not fit. A Gaussian
    process of the error chooses among even draws and trades: members of the front with two or
    three parameters changed at once. It takes what lowers the front most, half of the weight on
    the limit itself and half spread over all lower costs. Some proposals are even draws.

    What it proposes depends on the seed and on the trials of the study, those that others have
    added included, so that a search that was interrupted does not repeat itself. Trials that still
    run count as they are expected to end. Parameters that are not in `distributions` are drawn
    evenly.

    Args:
        distributions: parameter names to Optuna distributions.
        cost: of a setting; called often, so it should take microseconds.
        limit: the most that a setting may cost.
        floor: the least.
        seed: of the proposals; None: another each time.
        canonical: gives one setting for all that mean the same, and that is what is proposed.
        draws: where affordable settings come from, if you know better than `Affordable`.

    Raises:
        BudgetError: nothing is found within the limit.
    """

    def __init__(
        self,
        distributions: dict[str, BaseDistribution],
        cost: Cost,
        limit: float,
        *,
        floor: float = 0.0,
        seed: int | None = None,
        canonical: Callable[[Params], Params] = dict,
        draws: Draws | None = None,
    ) -> None:
        if not floor <= limit:
            raise BudgetError(f"the floor {floor:g} is above the limit {limit:g}; exchange them")
        self.distributions = dict(distributions)
        self._known_cost: dict[Key, float] = {}
        self._cost_function = cost
        self._limit, self._floor = limit, floor
        self._canonical = canonical
        self._draws = draws or Affordable(distributions, self.cost, limit, floor)
        self._seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
        self._independent = RandomSampler(seed)
        self._lock = Lock()
        self._settings: dict[int, Params] = {}  # trial number to its canonical setting
        self._proposed: dict[int, Params] = {}  # the same for those that the study may lack still
        self._pool: tuple[int, list[Params]] = (-1, [])
        self._surrogate = Surrogate(len(distributions))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=Lock())

    def cost(self, params: Params) -> float:
        """The cost of a setting, kept once it is known."""
        key = key_of(self.distributions, params)
        if key not in self._known_cost:
            self._known_cost[key] = self._cost_function(params)
        return self._known_cost[key]

    def has_next(self, study: optuna.Study) -> bool:
        """Whether there is a setting that fits and that the study does not have."""
        with self._lock:
            trials = study.get_trials(deepcopy=False)
            seen = self._seen(trials)
            return self._unseen(seen, np.random.default_rng([self._seed, len(trials)])) is not None

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Optuna's hook: all parameters are chosen together."""
        return self.distributions

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Optuna's hook: the next setting."""
        fixed = {
            name: value
            for name, value in trial.system_attrs.get("fixed_params", {}).items()
            if name in self.distributions
        }
        if len(fixed) == len(self.distributions):
            return {}  # Optuna takes what was queued
        with self._lock:
            trials = [
                each for each in study.get_trials(deepcopy=False) if each.number != trial.number
            ]
            proposal = self._propose(study, trials, trial.number, fixed)
            self._proposed[trial.number] = proposal
        return dict(proposal)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Optuna's hook for a parameter that the sampler was not told of: an even draw."""
        return self._independent.sample_independent(study, trial, param_name, param_distribution)

    def _propose(
        self, study: optuna.Study, trials: list[FrozenTrial], number: int, fixed: Params
    ) -> Params:
        random = np.random.default_rng([self._seed, number])
        seen = self._seen(trials)
        sign = -1.0 if study.direction == StudyDirection.MAXIMIZE else 1.0
        found = observations(trials, self._is_of_use, sign)
        if fixed:
            return self._completed(fixed, random)
        if len(found) >= _STARTUP and random.random() >= _EVEN_SHARE:
            running = [
                self._settings[trial.number]
                for trial in trials
                if trial.state == TrialState.RUNNING and trial.number in self._settings
            ]
            running += self._proposed.values()
            front = self._fitted(
                [self._settings[each.number] for each in found],
                np.array([each.error for each in found]),
                np.array([each.spread for each in found]),
                running,
            )
            chosen = self._chosen(front, seen, number, random)
            if chosen is not None:
                return chosen
        new = self._unseen(seen, random)
        return new if new is not None else self._settled(self._draws.draw(1, random)[0])

    def _fitted(
        self, settings: list[Params], errors: Floats, spreads: Floats, running: list[Params]
    ) -> Front:
        """Fits the model; the front by what it expects of the trials."""
        known = self._features(settings)
        self._surrogate.fit(known, errors, spreads)
        if running:  # as if they had ended as expected, so that no two look for the same
            asked = self._features(running)
            expected = self._surrogate.scale.back(self._surrogate.predict(asked)[0])
            known = np.concatenate([known, asked])
            settings = settings + running
            self._surrogate.fit(
                known,
                np.concatenate([errors, expected]),
                np.concatenate([spreads, np.zeros(len(running))]),
            )
        expected, _ = self._surrogate.predict(known)
        costs = np.array([self.cost(each) for each in settings], dtype=np.float64)
        fits = (costs >= self._floor) & (costs <= self._limit)
        return Front.of(
            [each for each, fit in zip(settings, fits, strict=True) if fit],
            costs[fits],
            expected[fits],
            self._limit,
        )

    def _chosen(
        self, front: Front, seen: set[Key], number: int, random: np.random.Generator
    ) -> Params | None:
        """What is expected to lower the front most, of a pool of even draws and of trades."""
        candidates: dict[Key, Params] = {}
        for params in (*self._pooled(number), *self._trades(front, random)):
            key = key_of(self.distributions, params)
            if key not in seen:
                candidates[key] = params
        if not candidates:
            return None
        settings = list(candidates.values())
        mean, deviation = self._surrogate.predict(self._features(settings))
        costs = np.array([self.cost(each) for each in settings], dtype=np.float64)
        return settings[int(np.argmax(expected_improvement(front, costs, mean, deviation)))]

    def _trades(self, front: Front, random: np.random.Generator) -> list[Params]:
        """Members of the front with some parameters changed, where the cost stays in the range.

        This is He & Sun's layer replacement (2015, section 4) for any parameters: one is traded
        against another at a cost that still fits.
        """
        found = []
        names = list(self.distributions)
        for member in front.members[-_MEMBERS:]:
            for _ in range(_TRADES):
                changed = dict(member)
                many = min(int(random.integers(1, 4)), len(names))
                for place in random.choice(len(names), many, replace=False):
                    name = names[place]
                    changed[name] = neighbour(self.distributions[name], changed[name], random)
                if self._fits(changed):
                    found.append(self._settled(changed))
        return found

    def _pooled(self, number: int) -> list[Params]:
        """Even draws, the same for some trials in a row, so that their costs are known."""
        block = number // _POOL_LASTS
        if self._pool[0] != block:
            random = np.random.default_rng([self._seed, block, 1])
            drawn = self._draws.all
            if drawn is None or len(drawn) > _POOL:
                drawn = self._draws.draw(_POOL, random)
            self._pool = (block, [self._settled(each) for each in drawn])
        return self._pool[1]

    def _unseen(self, seen: set[Key], random: np.random.Generator) -> Params | None:
        """A setting that is new: an even draw, or a neighbour; None if there is none."""
        listed = self._draws.all
        if listed is not None:
            new = [each for each in map(self._settled, listed) if self._key(each) not in seen]
            return new[random.integers(len(new))] if new else None
        drawn: list[Params] = []
        for many in (1, 4, 64):
            drawn = [self._settled(each) for each in self._draws.draw(many, random)]
            for params in drawn:
                if self._key(params) not in seen:
                    return params
        return self._new_neighbour(drawn, seen)

    def _new_neighbour(self, starts: list[Params], seen: set[Key]) -> Params | None:
        """Changes one parameter after another, from known settings onward, until one is new."""
        queue, visited = list(starts), {self._key(each) for each in starts}
        for params in queue:
            for name, distribution in self.distributions.items():
                for value in values(distribution):
                    tried = {**params, name: value}
                    if not self._fits(tried):
                        continue
                    settled = self._settled(tried)
                    key = self._key(settled)
                    if key not in seen:
                        return settled
                    if key not in visited:
                        visited.add(key)
                        queue.append(settled)
            if len(visited) > _MOST_NEIGHBOURS:
                break
        return None

    def _completed(self, fixed: Params, random: np.random.Generator) -> Params:
        """The rest of a setting that was queued with some parameters, so that it fits if it can."""
        drawn = self._draws.draw(_POOL, random)
        for params in drawn:
            tried = {**params, **fixed}
            if self._fits(tried):
                return tried
        return {**drawn[0], **fixed}

    def _seen(self, trials: Sequence[FrozenTrial]) -> set[Key]:
        """The settings that the study has; takes note of trials that it did not have before."""
        for trial in trials:
            if trial.number in self._settings:
                continue
            # A queued trial has no parameters yet but those that it was queued with; one that is
            # being asked for lacks some, and for ever if the search is killed meanwhile.
            params = trial.params or trial.system_attrs.get("fixed_params", {})
            if is_within(self.distributions, params):
                own = {name: params[name] for name in self.distributions}
                self._settings[trial.number] = self._settled(own)
                self._proposed.pop(trial.number, None)
            elif trial.state.is_finished():
                self._proposed.pop(trial.number, None)
        return {self._key(each) for each in (*self._settings.values(), *self._proposed.values())}

    def _is_of_use(self, trial: FrozenTrial) -> bool:
        """Whether the model can learn from a trial: a setting of ours that exists."""
        settled = self._settings.get(trial.number)
        return settled is not None and isfinite(self.cost(settled))

    def _features(self, settings: Sequence[Params]) -> Floats:
        """What the model sees: the parameters, and the cost in doublings."""
        least = self._limit * 1e-6
        octaves = np.array([log2(max(self.cost(each), least) / self._limit) for each in settings])
        return np.column_stack([features(self.distributions, settings), octaves])

    def _fits(self, params: Params) -> bool:
        return self._floor <= self.cost(params) <= self._limit

    def _settled(self, params: Params) -> Params:
        return self._canonical(params)

    def _key(self, params: Params) -> Key:
        return key_of(self.distributions, params)
