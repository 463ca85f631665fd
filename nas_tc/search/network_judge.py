"""Which of many networks are within a limit, and the setting of the genes that stands for each."""

from collections.abc import Callable, Sequence

import numpy as np

from nas_tc.sampler.distributions import Params
from nas_tc.space import Space, canonical_settings, complexity_batch


class NetworkJudge:
    """Judges many settings of a space's genes at once: a proposal compares a thousand.

    Args:
        space: Space of the networks.
        least: Least multiply-adds.
        most: Most multiply-adds.
        cost: Function that gives the multiply-adds of one network, or more than `most` or less than
            0 for one that breaks another limit; None: there is no other limit.
    """

    def __init__(
        self, space: Space, least: int, most: int, cost: Callable[[Params], float] | None
    ) -> None:
        self._space, self._least, self._most, self._cost = space, least, most, cost

    def __call__(self, settings: Sequence[Params]) -> list[tuple[Params, float] | None]:
        """The canonical setting and the multiply-adds of each; None: it is not within the limits.

        Args:
            settings: Values of the genes, by name.
        """
        found: list[tuple[Params, float] | None] = [None] * len(settings)
        rows = np.array(self._space.numbers(settings), dtype=np.int64)
        rows = rows.reshape(len(settings), len(self._space.genes))
        macs = complexity_batch(self._space, rows)
        fits = (macs >= max(self._least, 0)) & (macs <= self._most)
        if self._cost is not None:
            for place in np.flatnonzero(fits).tolist():
                fits[place] = self._least <= self._cost(settings[place]) <= self._most
        places = np.flatnonzero(fits)
        canonical = self._space.values(canonical_settings(self._space, rows[places]).tolist())
        for place, values in zip(places.tolist(), canonical, strict=True):
            found[place] = (values, float(macs[place]))
        return found
