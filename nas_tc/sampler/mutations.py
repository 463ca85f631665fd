"""New settings from good ones: some parameters changed."""

from collections.abc import Sequence

import numpy as np

from nas_tc.sampler.candidates import Candidate
from nas_tc.sampler.constraints import Constraints
from nas_tc.sampler.distributions import Params

_MOST_CHANGED = 3  # parameters


def mutations(
    constraints: Constraints,
    parents: Sequence[Candidate],
    children: int,
    random: np.random.Generator,
) -> list[Candidate]:
    """Settings that differ from a parent in one to three parameters, and fit.

    This is He & Sun's layer replacement (2015, section 4) for any parameters: some values change
    at a cost that still fits.

    Args:
        constraints: on the settings.
        parents: settings to change.
        children: tries for each parent; those that do not fit are left out.
        random: source of the changes.
    """
    neighbours = list(constraints.neighbours.items())
    most = min(_MOST_CHANGED, len(neighbours))
    found: list[Params] = []
    for parent in parents:
        values = parent.params
        for _ in range(children):
            changed = dict(values)
            many = min(int(random.integers(1, _MOST_CHANGED + 1)), most)
            for place in random.permutation(len(neighbours))[:many].tolist():
                name, neighbour = neighbours[place]
                changed[name] = neighbour.of(changed[name], random)
            found.append(changed)
    return constraints.fitting(found)
