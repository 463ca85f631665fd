"""What a model sees of settings; those that differ in one category are 1 apart."""

from math import sqrt

import numpy as np
from optuna.distributions import CategoricalDistribution

from nas_tc.sampler.distributions import Floats, is_ordered, position
from nas_tc.sampler.numbering import Numbering


class Features:
    """Turns rows of numbers into features.

    A number is its position from 0 to 1. A choice has a feature for each choice that it may be, and
    its position, too, if choices have an order.

    Args:
        numbering: Gives the rows.
    """

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering
        self._tables: list[Floats | None] = []  # of the choices, by parameter
        for each in numbering.distributions.values():
            if not isinstance(each, CategoricalDistribution):
                self._tables.append(None)
                continue
            table = [
                ([position(each, choice)] if is_ordered(each) else [])
                + [sqrt(0.5) if choice == other else 0.0 for other in each.choices]
                for choice in each.choices
            ]
            self._tables.append(np.array(table))

    def of(self, rows: Floats) -> Floats:
        """The features of settings, shape (settings, features).

        Args:
            rows: Their rows, shape (settings, parameters).
        """
        parts: list[Floats] = [np.zeros((len(rows), 0))]
        numbers = rows.astype(np.int64)
        has_numbers = any(table is None for table in self._tables)
        positions = self._numbering.positions(rows) if has_numbers else rows
        for column, table in enumerate(self._tables):
            if table is None:
                parts.append(positions[:, column, None])
            else:
                parts.append(table[numbers[:, column]])
        return np.concatenate(parts, axis=1)
