"""Chooses the next setting by a model of the error: a new one, or a known one to run again.

A setting is a value for each parameter of the search. It has a known cost and an unknown error;
the front is the lowest error at each cost.
"""

from collections.abc import Sequence, Set

import numpy as np

from nas_tc.sampler.candidates import Candidate, Key, costs, rows
from nas_tc.sampler.constraints import Constraints
from nas_tc.sampler.distributions import Floats, neighbour
from nas_tc.sampler.expected_improvement import Front, expected_improvement, knowledge_gradient
from nas_tc.sampler.observations import Observation
from nas_tc.sampler.surrogate import Sample, Surrogate

_LIMIT_SHARE = 0.9  # share of choices that aim at the least error at the cost limit alone
_FRONT_WEIGHT = 0.25  # weight of the cost limit in the other choices, which aim at the whole front
_POOL = 512  # uniform samples among the candidates
_POOL_LASTS = 64  # trials for which the same uniform samples are used
_MEMBERS = 8  # settings of the front that are mutated, the most expensive ones
_MUTATIONS = 12  # mutations of each of them
_REPEAT_SHARE = 0.5  # share of the choices at the limit that may run a known setting again
_LOOKED_AT_AGAIN = 24  # best settings that may be run again
_BEST_TRIED = 64  # best settings in the knowledge gradient
_MOST_OBSERVATIONS = 400  # observations that the model is fitted to


class Acquisition:
    """Fits a model to the known errors, and chooses the setting expected to lower the front most.

    Args:
        terms: Constraints on proposals.
        seed: Seed for the uniform samples among the candidates.
        repeats: Whether a setting may be run again.
    """

    def __init__(self, terms: Constraints, seed: int, *, repeats: bool) -> None:
        self._terms = terms
        self._seed = seed
        self._repeats = repeats
        self._pool: tuple[int, list[Candidate]] = (-1, [])
        self._surrogate = Surrogate(len(terms.distributions))

    def of(
        self,
        found: Sequence[Observation],
        points: Sequence[Candidate],
        running: Sequence[Candidate],
        seen: Set[Key],
        number: int,
        random: np.random.Generator,
    ) -> Candidate | None:
        """The next setting; None if there is no candidate left.

        Args:
            found: Observed errors.
            points: Settings of these observations, in the same order.
            running: Settings of trials that have not ended.
            seen: Keys of all settings that were proposed.
            number: Number of the trial that the setting is for.
            random: Random generator.
        """
        front = self._fitted(found, points, running)
        candidates = list(
            {
                point.key: point
                for point in (*self._pooled(number), *self._mutations(front, random))
                if point.key not in seen
            }.values()
        )
        if not candidates:
            return None
        mean, deviation = self._surrogate.predict(rows(candidates))
        for_limit = random.random() < _LIMIT_SHARE
        if for_limit and self._repeats and random.random() < _REPEAT_SHARE:
            again = self._again(self._tried(found, points), rows(candidates), mean, deviation)
            if again is not None:
                return again
        at_limit = 1.0 if for_limit else _FRONT_WEIGHT
        gain = expected_improvement(front, costs(candidates), mean, deviation, at_limit=at_limit)
        return self._terms.first_admitted(candidates, gain)

    def _fitted(
        self,
        found: Sequence[Observation],
        points: Sequence[Candidate],
        running: Sequence[Candidate],
    ) -> Front:
        """Fits the model, and returns the front by the errors that it expects."""
        kept = _kept(found, points)
        known = [points[place] for place in kept]
        sample = _sample([found[place] for place in kept], known)

        def first(many: int) -> Sample:
            return _sample(found[:many], points[:many])

        self._surrogate.fit(sample, first)
        # Running trials count with the errors expected of them, so that the next choice differs.
        if running:
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
        fits = np.array([self._terms.fits(point.cost) for point in known])
        within = [point for point, fit in zip(known, fits, strict=True) if fit]
        return Front.of(within, expected[fits], self._terms.limit)

    def _tried(self, found: Sequence[Observation], points: Sequence[Candidate]) -> list[Candidate]:
        """The affordable settings that were run to the end, least expected error first."""
        ended = [points[place] for place in _kept(found, points) if not found[place].spread]
        fitting = {each.key: each for each in ended if self._terms.fits(each.cost)}
        distinct = list(fitting.values())
        if not distinct:
            return []
        order = np.argsort(self._surrogate.predict(rows(distinct))[0], kind="stable")
        return [distinct[place] for place in order[:_BEST_TRIED]]

    def _again(
        self, tried: list[Candidate], features: Floats, mean: Floats, deviation: Floats
    ) -> Candidate | None:
        """A known setting, if running it once more is worth more than running any new one.

        Args:
            tried: Known settings, the best first.
            features: Features of the new settings, shape (new, features).
            mean: Expected errors of the new settings.
            deviation: Standard deviations of these.
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
        return tried[best] if best < many and self._terms.admits(tried[best].params) else None

    def _mutations(self, front: Front, random: np.random.Generator) -> list[Candidate]:
        """Mutations: settings of the front with up to three parameters changed, if they still fit.

        This is He & Sun's layer replacement (2015, section 4) for any parameters: one is traded
        against another at a similar cost.
        """
        found = []
        distributions, points = self._terms.distributions, self._terms.points
        names = list(distributions)
        for member in front.members[-_MEMBERS:]:
            for _ in range(_MUTATIONS):
                changed = dict(member.params)
                many = min(int(random.integers(1, 4)), len(names))
                for place in random.permutation(len(names))[:many]:
                    name = names[place]
                    changed[name] = neighbour(distributions[name], changed[name], random)
                if self._terms.fits(points.cost(changed)):
                    found.append(points.of(changed))
        return found

    def _pooled(self, number: int) -> list[Candidate]:
        """Uniform samples; trials in a row share them, so that costs are not computed anew."""
        block = number // _POOL_LASTS
        if self._pool[0] != block:
            random = np.random.default_rng([self._seed, block, 1])
            drawn = self._terms.draws.all
            if drawn is None or len(drawn) > _POOL:
                drawn = self._terms.draws.draw(_POOL, random)
            self._pool = (block, [self._terms.points.of(each) for each in drawn])
        return self._pool[1]


def _sample(found: Sequence[Observation], points: Sequence[Candidate]) -> Sample:
    return Sample(
        rows(points),
        np.array([each.error for each in found]),
        np.array([each.spread for each in found]),
    )


def _kept(found: Sequence[Observation], points: Sequence[Candidate]) -> list[int]:
    """Indices of the observations to fit the model to.

    All, or of many the best, the best at each cost, and some spread over the whole study.
    """
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
