"""The next setting by a model: a new one, or one to run again."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set

import numpy as np

from nas_tc.sampler.candidates import Candidate, Key, costs, distinct, features_of
from nas_tc.sampler.climb import climbed
from nas_tc.sampler.constraints import Constraints
from nas_tc.sampler.distributions import Floats
from nas_tc.sampler.expected_improvement import Front, expected_improvement, knowledge_gradient
from nas_tc.sampler.mutations import mutations
from nas_tc.sampler.observations import Observed
from nas_tc.sampler.surrogate import Posterior, Sample, Surrogate

_LIMIT_SHARE = 0.9  # of the choices that look at the limit alone
_FRONT_WEIGHT = 0.25  # of the limit in the others, which fill the front below it
_POOL = 512  # uniform samples among the candidates
_POOL_LASTS = 64  # trials
_MEMBERS = 8  # of the front, which are mutated
_MUTATIONS = 12  # of each
_REPEAT_SHARE = 0.5  # of the choices that may be a setting that was run before
_RIVALS = 512  # new settings that these compete with, by their gain
_LOOKED_AT_AGAIN = 24  # of the best settings
_TINY = 1e-9  # on the scale of errors: less is rounding
_CONTENDERS = 4  # that are looked at again in turn where nothing else promises anything
_BEST_TRIED = 64  # settings whose expected errors a new observation may move
_MOST_OBSERVATIONS = 400  # that the model is fitted to


class Acquisition:
    """Fits a model to the trials and chooses the setting of the greatest expected gain.

    Args:
        constraints: on a proposal.
        seed: seed of the uniform samples among the candidates.
        repeats: whether a setting may be run again.
    """

    def __init__(self, constraints: Constraints, seed: int, *, repeats: bool) -> None:
        self._constraints = constraints
        self._seed = seed
        self._repeats = repeats
        self._pool: tuple[int, list[Candidate]] = (-1, [])
        self._surrogate = Surrogate(len(constraints.distributions))

    def of(
        self,
        found: Observed,
        known: Mapping[int, Candidate],
        cost: Floats,
        running: Sequence[Candidate],
        seen: Set[Key],
        number: int,
        random: np.random.Generator,
    ) -> Candidate | None:
        """The next setting; None if there is no candidate left.

        Args:
            found: errors that the trials observed.
            known: settings of these, by the numbers of the trials.
            cost: their costs, shape (trials,).
            running: settings of trials that have not ended.
            seen: keys of all settings that were proposed.
            number: number of the trial that the setting is for.
            random: source of the choices.
        """
        kept = found.at(_kept(found.errors, cost))
        points = [known[number] for number in kept.numbers.tolist()]
        ended = np.flatnonzero(kept.spreads == 0).tolist()

        def first(many: int) -> Sample:
            few = found.at(slice(many))
            return _sample(few, [known[number] for number in few.numbers.tolist()])

        front, expected = self._fitted(_sample(kept, points), points, running, first)
        tried = self._tried(points, ended, expected)
        near = mutations(self._constraints, front.members[-_MEMBERS:], _MUTATIONS, random)
        for_limit = random.random() < _LIMIT_SHARE
        at_limit = 1.0 if for_limit else _FRONT_WEIGHT
        candidates = distinct([*self._pooled(number), *near], seen)
        if not candidates:
            return None

        parts: list[Posterior] = []

        def gain(points: Sequence[Candidate]) -> Floats:
            parts.append(found := self._surrogate.posterior(features_of(points)))
            return expected_improvement(
                front, costs(points), found.mean, found.deviation, at_limit=at_limit
            )

        candidates, gains = climbed(self._constraints, candidates, gain, seen, random)
        if for_limit and self._repeats and random.random() < _REPEAT_SHARE:
            best = np.argsort(-gains, kind="stable")[:_RIVALS]
            looks = Counter(known[each].key for each in found.numbers[found.spreads == 0].tolist())
            looks.update(point.key for point in running)
            again = self._again(tried, looks, Posterior.of(parts).at(best))
            if again is not None:
                return again
        return self._constraints.first_admitted(candidates, gains)

    def _fitted(
        self,
        sample: Sample,
        points: Sequence[Candidate],
        running: Sequence[Candidate],
        first: Callable[[int], Sample],
    ) -> tuple[Front, Floats]:
        """Fits the model; the front by the errors that it expects of the trials, and these.

        Args:
            sample: errors that the trials observed.
            points: settings of these.
            running: settings of trials that have not ended.
            first: gives the first so many observations of the study.
        """
        known = list(points)
        self._surrogate.fit(sample, first)
        # Running trials count with the errors expected of them, so that the next choice differs.
        if running:
            asked = features_of(running)
            expected = self._surrogate.scale.back(self._surrogate.mean(asked))
            sample = Sample(
                np.concatenate([sample.features, asked]),
                np.concatenate([sample.errors, expected]),
                np.concatenate([sample.spreads, np.zeros(len(running))]),
            )
            self._surrogate.fit(sample, first, new=len(running))
            known += running
        expected = self._surrogate.sample_mean
        fits = np.array([self._constraints.fits(point.cost) for point in known])
        within = [point for point, fit in zip(known, fits, strict=True) if fit]
        return Front.of(within, expected[fits], self._constraints.limit), expected

    def _tried(
        self, points: Sequence[Candidate], ended: Sequence[int], expected: Floats
    ) -> list[Candidate]:
        """The best settings that fit, of trials that were run to the end, by their expected errors.

        Args:
            points: settings of the trials.
            ended: places of those that were run to the end.
            expected: errors expected of the trials, on the scale.
        """
        places = [place for place in ended if self._constraints.fits(points[place].cost)]
        places = list({points[place].key: place for place in places}.values())
        order = np.argsort(expected[places], kind="stable")[:_BEST_TRIED]
        return [points[places[number]] for number in order.tolist()]

    def _again(
        self, tried: list[Candidate], looks: Mapping[Key, int], rivals: Posterior
    ) -> Candidate | None:
        """A setting that was tried, if one more run of it tells more than any new setting would.

        Where the model expects nothing of either, it may still be wrong about the best ones, whose
        errors were lucky. So the one of them that was run least often is run again.

        Args:
            tried: settings to choose from, the best first.
            looks: how often each was run to the end, or is being run.
            rivals: the new ones.
        """
        if not tried:
            return None
        known = self._surrogate.posterior(features_of(tried))
        many = min(len(tried), _LOOKED_AT_AGAIN)
        asked = Posterior.of([known.at(slice(many)), rivals])
        gain = knowledge_gradient(
            asked.mean,
            asked.deviation,
            known.mean,
            self._surrogate.covariance(asked, known),
            self._surrogate.noise_variance,
        )
        best = int(np.argmax(gain))
        if gain[best] < _TINY:
            chosen = min(tried[:_CONTENDERS], key=lambda each: looks[each.key])
        elif best < many:
            chosen = tried[best]
        else:
            return None
        return chosen if self._constraints.admits(chosen.params) else None

    def _pooled(self, number: int) -> list[Candidate]:
        """Uniform samples, the same for some trials in a row, so that their costs are known."""
        block = number // _POOL_LASTS
        if self._pool[0] != block:
            random = np.random.default_rng([self._seed, block, 1])
            drawn = self._constraints.draws.all
            if drawn is None or len(drawn) > _POOL:
                drawn = self._constraints.draws.draw(_POOL, random)
            self._pool = (block, self._constraints.listed(drawn))
        return self._pool[1]


def _sample(found: Observed, points: Sequence[Candidate]) -> Sample:
    return Sample(features_of(points), found.errors, found.spreads)


def _kept(errors: Floats, cost: Floats) -> list[int]:
    """Indices of the observations to fit the model to.

    All, or of many the best, the best at each cost, and some spread over the whole study.
    """
    if len(errors) <= _MOST_OBSERVATIONS:
        return list(range(len(errors)))
    kept = set(np.argsort(errors, kind="stable")[: _MOST_OBSERVATIONS // 3].tolist())
    order = np.argsort(cost, kind="stable")
    for part in np.array_split(order, _MOST_OBSERVATIONS // 12):  # the four best at each cost
        kept.update(part[np.argsort(errors[part], kind="stable")[:4]].tolist())
    spare = _MOST_OBSERVATIONS - len(kept)
    kept.update(np.linspace(0, len(errors) - 1, max(spare, 2)).astype(int).tolist())
    return sorted(kept)
