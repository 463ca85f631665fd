"""How far a candidate is expected to lower the front of error against cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

import numpy as np
from scipy.special import ndtr, ndtri

from nas_tc.sampler.candidates import Candidate
from nas_tc.sampler.distributions import Floats

_QUANTILES = ndtri((np.arange(25) + 0.5) / 25)  # of a standard normal variable


@dataclass(frozen=True)
class Front:
    """Settings that no other of the known ones beats, cheapest first.

    Attributes:
        members: the settings.
        costs: of each.
        errors: of each, falling.
        limit: the most that anything may cost.
        worst: error of the worst known setting.
    """

    members: list[Candidate]
    costs: Floats
    errors: Floats
    limit: float
    worst: float

    @classmethod
    def of(cls, points: Sequence[Candidate], errors: Floats, limit: float) -> "Front":
        """The front of points with these errors."""
        costs = np.array([point.cost for point in points], dtype=np.float64)
        kept: list[int] = []
        for place in np.lexsort((errors, costs)):
            if not kept or errors[place] < errors[kept[-1]]:
                kept.append(int(place))
        worst = float(errors.max(initial=-np.inf))
        return cls([points[k] for k in kept], costs[kept], errors[kept], limit, worst)


def expected_improvement(
    front: Front, costs: Floats, mean: Floats, deviation: Floats, *, at_limit: float
) -> Floats:
    """The expected fall of the least error at a budget, averaged over budgets.

    A setting lowers the front at every budget from its cost up to the limit. Some weight lies on
    the limit itself, the rest evenly on the doublings from the cheapest known cost to it. The
    costs are certain, so this is expected improvement on each step of the front, added up.

    Args:
        front: the front so far.
        costs: of the candidates, shape (candidates,).
        mean: their expected errors.
        deviation: standard deviations of these.
        at_limit: weight of the limit itself, 0 to 1.

    Returns:
        Shape (candidates,).
    """
    if not front.members:
        return -mean
    if at_limit == 1.0:
        return _improvement(float(front.errors[-1]), mean, deviation)
    least = max(min(float(front.costs[0]), float(costs.min(initial=np.inf))), front.limit * 1e-6)
    begins = np.concatenate([[least], np.maximum(front.costs, least)])
    ends = np.append(begins[1:], front.limit)
    levels = np.concatenate([[front.worst], front.errors])
    whole = max(log2(front.limit / least), 1e-9)
    gain = np.zeros(len(costs))
    for begin, end, level in zip(begins, ends, levels, strict=True):
        share = np.log2(end / np.clip(costs, begin, end)) / whole * (1 - at_limit)
        gain += share * _improvement(level, mean, deviation)
    return gain + at_limit * _improvement(levels[-1], mean, deviation)


def knowledge_gradient(
    mean: Floats,
    deviation: Floats,
    tried: Floats,
    covariance: Floats,
    noise_variance: float,
) -> Floats:
    """The expected fall of the least expected error when a candidate is run once more.

    What is run may be the best afterwards, and it moves what is expected of all that was tried. So
    a second look at a setting has a value, too: it tells a good one from a lucky one (Frazier,
    Powell and Dayanik, "The knowledge-gradient policy for correlated normal beliefs", 2009; by
    quantiles of the new observation).

    Args:
        mean: expected errors of the candidates, shape (candidates,).
        deviation: their standard deviations.
        tried: expected errors of what was tried, shape (tried,).
        covariance: of candidates and what was tried, shape (candidates, tried).
        noise_variance: of one observation.

    Returns:
        Shape (candidates,).
    """
    spread = np.sqrt(deviation**2 + noise_variance)
    own, others = deviation**2 / spread, covariance / spread[:, None]
    least = np.zeros(len(mean))
    for z in _QUANTILES:
        least += np.minimum((tried + others * z).min(axis=1), mean + own * z)
    found: Floats = float(tried.min()) - least / len(_QUANTILES)
    return found


def _improvement(level: float, mean: Floats, deviation: Floats) -> Floats:
    """Expected amount by which a normal variable lies below `level`."""
    z = (level - mean) / deviation
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    found: Floats = (level - mean) * ndtr(z) + deviation * density
    return found
