"""Constraints on the settings that a sampler may propose.

A setting is a value for each parameter of the search; it has a cost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nas_tc.sampler.candidates import Candidate, Candidates
from nas_tc.sampler.distributions import Distributions, Floats, Params
from nas_tc.sampler.feasible_draws import Draws


@dataclass(frozen=True)
class Constraints:
    """The settings that a sampler may propose, and samples of them.

    Attributes:
        distributions: Distributions of the parameters, by name.
        points: Computes cost and features of settings.
        draws: Samples of settings within the limits.
        limit: Greatest cost.
        floor: Least cost.
        admits: Function that says whether a setting may be proposed, by what is known so far.
    """

    distributions: Distributions
    points: Candidates
    draws: Draws
    limit: float
    floor: float
    admits: Callable[[Params], bool]

    def fits(self, cost: float) -> bool:
        """Whether a cost is within `floor` and `limit`."""
        return self.floor <= cost <= self.limit

    def drawn(self, settings: int, random: np.random.Generator) -> list[Candidate]:
        """Samples of settings within the limits, as many as asked for."""
        return self.listed(self.draws.draw(settings, random))

    def listed(self, settings: Sequence[Params]) -> list[Candidate]:
        """The points of those settings whose cost is within the limits, in order."""
        return self.fitting(self.points.numbering.rows(settings))

    def fitting(self, rows: Floats) -> list[Candidate]:
        """The same for settings as rows, shape (settings, parameters)."""
        return self.points.fitting(rows, self.fits)

    def first_admitted(self, points: Sequence[Candidate], worth: Floats) -> Candidate | None:
        """The admitted point of the highest worth; None if none is admitted."""
        ranked = (points[place] for place in np.argsort(-worth, kind="stable").tolist())
        return next((each for each in ranked if self.admits(each.params)), None)
