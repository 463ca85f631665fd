"""Which of many networks are within a limit, and the setting of the genes that stands for each."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nas_tc.sampler.distributions import Floats
from nas_tc.space import Limited, Space, canonical_settings, complexity_batch, keeps_limits

Ints = NDArray[np.int64]


class NetworkJudge:
    """Judges many settings of a space's genes at once: a proposal compares a thousand.

    Args:
        space: Space of the networks.
        least: Least multiply-adds.
        most: Most multiply-adds.
        others: Limits by formulas besides the complexity.
    """

    def __init__(self, space: Space, least: int, most: int, others: Sequence[Limited] = ()) -> None:
        self._space, self._least, self._most, self._others = space, least, most, others

    def __call__(self, settings: Floats) -> tuple[Floats, Floats]:
        """The canonical settings, and the multiply-adds; NaN: it is not within the limits.

        Args:
            settings: Index of the choice of each gene, shape (networks, genes).

        Returns:
            Settings of the same shape, changed where they are within the limits, and multiply-adds,
            shape (networks,).
        """
        rows = settings.astype(np.int64)
        macs = complexity_batch(self._space, rows)
        places = self._within(rows, macs)
        canonical, costs = settings.copy(), np.full(len(rows), np.nan)
        canonical[places] = canonical_settings(self._space, rows[places])
        costs[places] = macs[places]
        return canonical, costs

    def within(self, rows: Ints) -> Ints:
        """The rows of a numbered array of settings that are within the limits.

        Args:
            rows: Index of the choice of each gene, shape (networks, genes).
        """
        return rows[self._within(rows, complexity_batch(self._space, rows))]

    def _within(self, rows: Ints, macs: Ints) -> Ints:
        """Places of the rows that are within the limits."""
        places = np.flatnonzero((macs >= max(self._least, 0)) & (macs <= self._most))
        if self._others:
            places = places[keeps_limits(self._space, rows[places], self._others)]
        return places
