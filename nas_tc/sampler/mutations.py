"""New settings from good ones: some parameters changed."""

from collections.abc import Sequence

import numpy as np

from nas_tc.sampler.candidates import Candidate
from nas_tc.sampler.constraints import Constraints
from nas_tc.sampler.distributions import Floats
from nas_tc.sampler.numbering import Numbering

_MOST_CHANGED = 3  # parameters
_NEAR_SHARE = 0.7  # of the changes of values that have an order


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
    numbering = constraints.points.numbering
    if not parents or not numbering.names:
        return []
    rows = np.repeat([parent.key for parent in parents], children, axis=0)
    many = random.integers(1, _MOST_CHANGED + 1, len(rows)).clip(max=len(numbering.names))
    lots = random.random(rows.shape)
    last = np.sort(lots, axis=1)[np.arange(len(rows)), many - 1]
    others = _neighbours(numbering, rows, random)
    return constraints.fitting(np.where(lots <= last[:, None], others, rows))


def _neighbours(numbering: Numbering, rows: Floats, random: np.random.Generator) -> Floats:
    """Another value for each, perhaps the same: mostly one nearby, if values have an order."""
    steps = random.normal(0, numbering.near, rows.shape)
    near = numbering.at(np.clip(numbering.positions(rows) + steps, 0.0, 1 - 1e-12))
    any_ = numbering.at(random.random(rows.shape))
    is_near = numbering.is_ordered & (random.random(rows.shape) < _NEAR_SHARE) & (near != rows)
    return np.where(is_near, near, any_)
