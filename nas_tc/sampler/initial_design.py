"""Settings that were not proposed before, chosen without a model."""

from collections.abc import Iterable, Set

import numpy as np

from nas_tc.sampler.candidates import Candidate, Key, features_of
from nas_tc.sampler.constraints import Constraints
from nas_tc.sampler.distributions import values

_SPREAD_OVER = 64  # uniform samples, of which the one least like the others is taken
_OCTAVES = 2  # of cost that count in that
_EXPECTED_OF, _EXPECTED = 1024, 8  # samples, and as many of them as are expected to be good
_MOST_NEIGHBOURS = 20_000  # looked at for a setting that is new


def farthest(
    constraints: Constraints,
    seen: Set[Key],
    known: Iterable[Candidate],
    random: np.random.Generator,
) -> Candidate | None:
    """Of some uniform samples the one least like all that was proposed: a model learns most of it.

    How like two are is told by the parameters that differ and by the cost, of which all that
    is far below the limit counts as one. Where something is expected of settings before any trial,
    only samples that are expected to be good for their cost count.
    """
    is_expected = constraints.points.expectation is not None
    samples = _expected_of(constraints) if is_expected else _SPREAD_OVER
    drawn = constraints.drawn(samples, random)
    new = [each for each in drawn if each.key not in seen]
    if is_expected:
        new = _good_for_their_cost(new)
    before = list(known)
    if not new or not before:
        return constraints.first_admitted(new, np.zeros(len(new)))
    places, others = features_of(new), features_of(before)
    for features in (places, others):
        features[:, -1] = np.maximum(features[:, -1], -_OCTAVES)
    apart = ((places[:, None] - others[None]) ** 2).sum(axis=2).min(axis=1)
    return constraints.first_admitted(new, apart)


def _expected_of(constraints: Constraints) -> int:
    """Samples of which some are expected to be good.

    Of few settings a quarter, for all of them would be the same with every seed.
    """
    if constraints.draws.all is None:
        return _EXPECTED_OF
    return max(_EXPECTED, min(_EXPECTED_OF, len(constraints.draws.all) // 4))


def _good_for_their_cost(points: list[Candidate]) -> list[Candidate]:
    """Those that are expected to be the best among all of their cost.

    The best of all would crowd at the limit, and the front below it would stay empty.
    """
    if len(points) <= _EXPECTED:
        return points
    expected = np.array([each.expected for each in points])
    octaves = features_of(points)[:, -1]  # of the cost
    octaves = octaves - octaves.mean()
    slope = (octaves @ expected) / max(octaves @ octaves, 1e-12)
    order = np.argsort(expected - slope * octaves, kind="stable")
    return [points[place] for place in order[:_EXPECTED].tolist()]


def unseen(
    constraints: Constraints, seen: Set[Key], random: np.random.Generator
) -> Candidate | None:
    """A setting that is new: a uniform sample, or a neighbour; None if there is none."""
    if constraints.draws.all is not None:
        listed = constraints.listed(constraints.draws.all)
        new = [each for each in listed if each.key not in seen]
        while new:
            point = new.pop(random.integers(len(new)))
            if constraints.admits(point.params):
                return point
        return None
    drawn: list[Candidate] = []
    for many in (1, 4, 64):
        drawn = constraints.drawn(many, random)
        for point in drawn:
            if point.key not in seen and constraints.admits(point.params):
                return point
    return _new_neighbour(constraints, seen, drawn)


def _new_neighbour(
    constraints: Constraints, seen: Set[Key], starts: list[Candidate]
) -> Candidate | None:
    """Changes one parameter after another, from known settings onward, until one is new."""
    queue, visited = list(starts), {each.key for each in starts}
    for point in queue:
        for name, distribution in constraints.distributions.items():
            for value in values(distribution):
                tried = {**point.params, name: value}
                if not (
                    constraints.fits(constraints.points.cost(tried)) and constraints.admits(tried)
                ):
                    continue
                found = constraints.points.of(tried)
                if found.key not in seen:
                    return found
                if found.key not in visited:
                    visited.add(found.key)
                    queue.append(found)
        if len(visited) > _MOST_NEIGHBOURS:
            break
    return None
