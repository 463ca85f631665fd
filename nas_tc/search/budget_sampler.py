"""`BudgetSampler`: an Optuna sampler that only proposes what fits, and fills the front below."""

from collections.abc import Callable, Sequence
from math import isfinite
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
from nas_tc.search.domain import Floats, Params, is_within, neighbour, values
from nas_tc.search.improvement import Front, expected_improvement, knowledge_gradient
from nas_tc.search.observations import Observation, observations
from nas_tc.search.points import Key, Point, Points, costs, rows
from nas_tc.search.surrogate import Sample, Surrogate

_STARTUP = 8  # trials before a model is of any use
_SPREAD_OVER = 64  # even draws, of which such a trial is the one least like the others
_OCTAVES = 2  # of cost that count in that
_EVEN_SHARE = 0.03  # of the proposals behind them
_LIMIT_SHARE = 0.9  # of the model's choices that look at the limit alone
_FRONT_WEIGHT = 0.25  # of the limit in the others, which fill the front below it
_POOL = 512  # even draws that the model chooses among
_POOL_LASTS = 64  # trials
_MEMBERS = 8  # of the front, whose parameters are traded
_TRADES = 12  # from each
_REPEAT_SHARE = 0.5  # of the choices that may be a setting that was run before
_LOOKED_AT_AGAIN = 24  # of the best settings
_BEST_TRIED = 64  # settings whose expected errors a new observation may move
_MOST_OBSERVATIONS = 400  # that the model is fitted to
_MOST_NEIGHBOURS = 20_000  # looked at for a setting that is new


class BudgetSampler(BaseSampler):
    """Proposes settings with `floor <= cost <= limit`, none of them twice unless that pays.

    The cost is known before a trial is run, so nothing is spent on what does not fit. A Gaussian
    process of the error chooses among even draws and trades: members of the front with one to
    three parameters changed at once. It takes what lowers the least error at the limit most, or now
    and then the whole front below it. Some proposals are even draws; the first eight are draws that
    have little in common.

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
        repeats: whether a setting may be run again, where a second look at it is worth more than
            a first one at another. For objectives that differ from run to run.
        admits: whether a setting is to be proposed for all that is known now. It may change its
            mind, so it is asked again for each proposal, of a few settings each time.

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
        repeats: bool = False,
        admits: Callable[[Params], bool] | None = None,
    ) -> None:
        if not floor <= limit:
            raise BudgetError(f"the floor {floor:g} is above the limit {limit:g}; exchange them")
        self.distributions = dict(distributions)
        self._limit, self._floor = limit, floor
        self._admits = admits or _anything
        self._points = Points(distributions, cost, limit, canonical)
        self._draws = draws or Affordable(distributions, self._points.cost, limit, floor)
        self._repeats = repeats
        self._seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
        self._independent = RandomSampler(seed)
        self._lock = Lock()
        self._known: dict[int, Point] = {}  # by trial number
        self._proposed: dict[int, Point] = {}  # what the study may lack still, by trial number
        self._seen: set[Key] = set()
        self._pool: tuple[int, list[Point]] = (-1, [])
        self._surrogate = Surrogate(len(distributions))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=Lock())

    def has_next(self, study: optuna.Study) -> bool:
        """Whether there is a setting that fits and that the study does not have."""
        with self._lock:
            trials = study.get_trials(deepcopy=False)
            self._remember(trials)
            return self._unseen(np.random.default_rng([self._seed, len(trials)])) is not None

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
            if fixed:
                return self._completed(fixed, np.random.default_rng([self._seed, trial.number]))
            proposal = self._propose(study, trials, trial.number)
            self._proposed[trial.number] = proposal
        return dict(proposal.params)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Optuna's hook for a parameter that the sampler was not told of: an even draw."""
        return self._independent.sample_independent(study, trial, param_name, param_distribution)

    def _propose(self, study: optuna.Study, trials: list[FrozenTrial], number: int) -> Point:
        random = np.random.default_rng([self._seed, number])
        self._remember(trials)
        sign = -1.0 if study.direction == StudyDirection.MAXIMIZE else 1.0
        found = observations(trials, self._is_of_use, sign)
        chosen: Point | None = None
        if len(found) < _STARTUP:
            chosen = self._farthest(random)
        elif random.random() >= _EVEN_SHARE:
            running = [
                self._known[trial.number]
                for trial in trials
                if trial.state == TrialState.RUNNING and self._is_of_use(trial)
            ]
            front = self._fitted(found, [*running, *self._proposed.values()])
            chosen = self._chosen(front, found, number, random)
        if chosen is None:
            chosen = self._unseen(random)
        return chosen or self._points.of(self._draws.draw(1, random)[0])

    def _farthest(self, random: np.random.Generator) -> Point | None:
        """Of some even draws the one least like all that was proposed: a model learns most of it.

        How like two are is told by the parameters that differ and by the cost, of which all that
        is far below the limit counts as one.
        """
        drawn = [self._points.of(each) for each in self._draws.draw(_SPREAD_OVER, random)]
        new = [each for each in drawn if each.key not in self._seen]
        known = [*self._known.values(), *self._proposed.values()]
        if not new or not known:
            return self._first_admitted(new, np.zeros(len(new)))
        places, others = rows(new), rows(known)
        for features in (places, others):
            features[:, -1] = np.maximum(features[:, -1], -_OCTAVES)
        apart = ((places[:, None] - others[None]) ** 2).sum(axis=2).min(axis=1)
        return self._first_admitted(new, apart)

    def _fitted(self, found: list[Observation], running: list[Point]) -> Front:
        """Fits the model; the front by what it expects of the trials."""
        points = [self._known[each.number] for each in found]
        kept = _kept(found, points)
        known = [points[place] for place in kept]
        sample = _sample([found[place] for place in kept], known)

        def first(many: int) -> Sample:
            return _sample(found[:many], points[:many])

        self._surrogate.fit(sample, first)
        if running:  # as if they had ended as expected, so that no two look for the same
            asked = rows(running)
            expected = self._surrogate.scale.back(self._surrogate.predict(asked)[0])
            sample = Sample(
                np.concatenate([sample.features, asked]),
                np.concatenate([sample.errors, expected]),
                np.concatenate([sample.spreads, np.zeros(len(running))]),
            )
            self._surrogate.fit(sample, first)
            known += running
        expected, _ = self._surrogate.predict(sample.features)
        fits = np.array([self._fits(point.cost) for point in known])
        within = [point for point, fit in zip(known, fits, strict=True) if fit]
        return Front.of(within, expected[fits], self._limit)

    def _chosen(
        self, front: Front, found: list[Observation], number: int, random: np.random.Generator
    ) -> Point | None:
        """What is expected to lower the front most, of a pool of even draws and of trades.

        Or one of those that were tried, where a second look at it tells more.
        """
        points = {
            point.key: point
            for point in (*self._pooled(number), *self._trades(front, random))
            if point.key not in self._seen
        }
        if not points:
            return None
        candidates = list(points.values())
        mean, deviation = self._surrogate.predict(rows(candidates))
        for_limit = random.random() < _LIMIT_SHARE
        if for_limit and self._repeats and random.random() < _REPEAT_SHARE:
            again = self._again(self._tried(found), rows(candidates), mean, deviation)
            if again is not None:
                return again
        at_limit = 1.0 if for_limit else _FRONT_WEIGHT
        gain = expected_improvement(front, costs(candidates), mean, deviation, at_limit=at_limit)
        return self._first_admitted(candidates, gain)

    def _first_admitted(self, points: list[Point], worth: Floats) -> Point | None:
        """The point that is worth most, of those that are admitted."""
        ranked = (points[place] for place in np.argsort(-worth, kind="stable").tolist())
        return next((each for each in ranked if self._admits(each.params)), None)

    def _tried(self, found: list[Observation]) -> list[Point]:
        """The settings that fit and were run to the end, those expected to be best first."""
        points = [self._known[each.number] for each in found]
        points = [points[place] for place in _kept(found, points) if not found[place].spread]
        distinct = list({each.key: each for each in points if self._fits(each.cost)}.values())
        if not distinct:
            return []
        order = np.argsort(self._surrogate.predict(rows(distinct))[0], kind="stable")
        return [distinct[place] for place in order[:_BEST_TRIED]]

    def _again(
        self, tried: list[Point], features: Floats, mean: Floats, deviation: Floats
    ) -> Point | None:
        """One that was tried, if to run it once more tells more than any new one would.

        Args:
            tried: to choose from, the best first.
            features: of the new ones, shape (new, features).
            mean: their expected errors.
            deviation: standard deviations of these.
        """
        if not tried:
            return None
        known = rows(tried)
        known_mean, known_deviation = self._surrogate.predict(known)
        many = min(len(tried), _LOOKED_AT_AGAIN)
        gain = knowledge_gradient(
            np.concatenate([known_mean[:many], mean]),
            np.concatenate([known_deviation[:many], deviation]),
            known_mean,
            self._surrogate.covariance(np.concatenate([known[:many], features]), known),
            self._surrogate.noise_variance,
        )
        best = int(np.argmax(gain))
        return tried[best] if best < many and self._admits(tried[best].params) else None

    def _trades(self, front: Front, random: np.random.Generator) -> list[Point]:
        """Members of the front with some parameters changed, where the cost stays in the range.

        This is He & Sun's layer replacement (2015, section 4) for any parameters: one is traded
        against another at a cost that still fits.
        """
        found = []
        names = list(self.distributions)
        for member in front.members[-_MEMBERS:]:
            for _ in range(_TRADES):
                changed = dict(member.params)
                many = min(int(random.integers(1, 4)), len(names))
                for place in random.permutation(len(names))[:many]:
                    name = names[place]
                    changed[name] = neighbour(self.distributions[name], changed[name], random)
                if self._fits(self._points.cost(changed)):
                    found.append(self._points.of(changed))
        return found

    def _pooled(self, number: int) -> list[Point]:
        """Even draws, the same for some trials in a row, so that their costs are known."""
        block = number // _POOL_LASTS
        if self._pool[0] != block:
            random = np.random.default_rng([self._seed, block, 1])
            drawn = self._draws.all
            if drawn is None or len(drawn) > _POOL:
                drawn = self._draws.draw(_POOL, random)
            self._pool = (block, [self._points.of(each) for each in drawn])
        return self._pool[1]

    def _unseen(self, random: np.random.Generator) -> Point | None:
        """A setting that is new: an even draw, or a neighbour; None if there is none."""
        if self._draws.all is not None:
            listed = map(self._points.of, self._draws.all)
            new = [each for each in listed if each.key not in self._seen]
            while new:
                point = new.pop(random.integers(len(new)))
                if self._admits(point.params):
                    return point
            return None
        drawn: list[Point] = []
        for many in (1, 4, 64):
            drawn = [self._points.of(each) for each in self._draws.draw(many, random)]
            for point in drawn:
                if point.key not in self._seen and self._admits(point.params):
                    return point
        return self._new_neighbour(drawn)

    def _new_neighbour(self, starts: list[Point]) -> Point | None:
        """Changes one parameter after another, from known settings onward, until one is new."""
        queue, visited = list(starts), {each.key for each in starts}
        for point in queue:
            for name, distribution in self.distributions.items():
                for value in values(distribution):
                    tried = {**point.params, name: value}
                    if not (self._fits(self._points.cost(tried)) and self._admits(tried)):
                        continue
                    found = self._points.of(tried)
                    if found.key not in self._seen:
                        return found
                    if found.key not in visited:
                        visited.add(found.key)
                        queue.append(found)
            if len(visited) > _MOST_NEIGHBOURS:
                break
        return None

    def _completed(self, fixed: Params, random: np.random.Generator) -> dict[str, Any]:
        """The rest of a setting that was queued with some parameters, so that it fits if it can."""
        drawn = self._draws.draw(_POOL, random)
        whole = ({**params, **fixed} for params in drawn)
        fitting = (
            each for each in whole if self._fits(self._points.cost(each)) and self._admits(each)
        )
        return next(fitting, {**drawn[0], **fixed})

    def _remember(self, trials: Sequence[FrozenTrial]) -> None:
        """Takes note of trials that were not there before."""
        for trial in trials:
            if trial.number in self._known:
                continue
            # A queued trial has no parameters yet but those that it was queued with; one that is
            # being asked for lacks some, and for ever if the search is killed meanwhile.
            params = trial.params or trial.system_attrs.get("fixed_params", {})
            if is_within(self.distributions, params):
                point = self._points.of({name: params[name] for name in self.distributions})
                self._known[trial.number] = point
                self._seen.add(point.key)
                self._proposed.pop(trial.number, None)
            elif trial.state.is_finished():
                self._proposed.pop(trial.number, None)
        self._seen.update(point.key for point in self._proposed.values())

    def _is_of_use(self, trial: FrozenTrial) -> bool:
        """Whether the model can learn from a trial: it has a setting of ours, with a cost."""
        point = self._known.get(trial.number)
        return point is not None and isfinite(point.cost)

    def _fits(self, cost: float) -> bool:
        return self._floor <= cost <= self._limit


def _anything(_params: Params) -> bool:
    return True


def _sample(found: Sequence[Observation], points: Sequence[Point]) -> Sample:
    return Sample(
        rows(points),
        np.array([each.error for each in found]),
        np.array([each.spread for each in found]),
    )


def _kept(found: Sequence[Observation], points: Sequence[Point]) -> list[int]:
    """Observations that the model is fitted to: all, or the best, the front's and some more."""
    if len(found) <= _MOST_OBSERVATIONS:
        return list(range(len(found)))
    errors = np.array([each.error for each in found])
    kept = set(np.argsort(errors, kind="stable")[: _MOST_OBSERVATIONS // 3].tolist())
    order = np.argsort(costs(points), kind="stable")
    for part in np.array_split(order, _MOST_OBSERVATIONS // 12):  # the four best at each cost
        kept.update(part[np.argsort(errors[part], kind="stable")[:4]].tolist())
    spare = _MOST_OBSERVATIONS - len(kept)
    kept.update(np.linspace(0, len(found) - 1, max(spare, 2)).astype(int).tolist())
    return sorted(kept)
