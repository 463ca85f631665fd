"""Which setting a model chooses: new ones, trades of good ones, or one to look at again."""

from collections.abc import Sequence, Set

import numpy as np

from nas_tc.sampler.candidates import Candidate, Key, costs, rows
from nas_tc.sampler.constraints import Constraints
from nas_tc.sampler.distributions import Floats, neighbour
from nas_tc.sampler.expected_improvement import Front, expected_improvement, knowledge_gradient
from nas_tc.sampler.observations import Observation
from nas_tc.sampler.surrogate import Sample, Surrogate

_LIMIT_SHARE = 0.9  # of the choices that look at the limit alone
_FRONT_WEIGHT = 0.25  # of the limit in the others, which fill the front below it
_POOL = 512  # even draws that are chosen among
_POOL_LASTS = 64  # trials
_MEMBERS = 8  # of the front, whose parameters are traded
_TRADES = 12  # from each
_REPEAT_SHARE = 0.5  # of the choices that may be a setting that was run before
_LOOKED_AT_AGAIN = 24  # of the best settings
_BEST_TRIED = 64  # settings whose expected errors a new observation may move
_MOST_OBSERVATIONS = 400  # that the model is fitted to


class Acquisition:
    """Fits a model to what is known, and takes what is expected to lower the front most.

    Args:
        terms: that a proposal keeps.
        seed: of the even draws that it chooses among.
        repeats: whether a setting may be run again.
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
        """The next setting.

        Args:
            found: what the trials say of the error.
            points: the settings of these.
            running: settings whose trials have not ended.
            seen: keys of all settings that were proposed.
            number: of the trial that it is for.
            random: what it draws from.
        """
        front = self._fitted(found, points, running)
        candidates = list(
            {
                point.key: point
                for point in (*self._pooled(number), *self._trades(front, random))
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
        """Fits the model; the front by what it expects of the trials."""
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
        fits = np.array([self._terms.fits(point.cost) for point in known])
        within = [point for point, fit in zip(known, fits, strict=True) if fit]
        return Front.of(within, expected[fits], self._terms.limit)

    def _tried(self, found: Sequence[Observation], points: Sequence[Candidate]) -> list[Candidate]:
        """The settings that fit and were run to the end, those expected to be best first."""
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
        return tried[best] if best < many and self._terms.admits(tried[best].params) else None

    def _trades(self, front: Front, random: np.random.Generator) -> list[Candidate]:
        """Members of the front with some parameters changed, where the cost stays in the range.

        This is He & Sun's layer replacement (2015, section 4) for any parameters: one is traded
        against another at a cost that still fits.
        """
        found = []
        distributions, points = self._terms.distributions, self._terms.points
        names = list(distributions)
        for member in front.members[-_MEMBERS:]:
            for _ in range(_TRADES):
                changed = dict(member.params)
                many = min(int(random.integers(1, 4)), len(names))
                for place in random.permutation(len(names))[:many]:
                    name = names[place]
                    changed[name] = neighbour(distributions[name], changed[name], random)
                if self._terms.fits(points.cost(changed)):
                    found.append(points.of(changed))
        return found

    def _pooled(self, number: int) -> list[Candidate]:
        """Even draws, the same for some trials in a row, so that their costs are known."""
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
