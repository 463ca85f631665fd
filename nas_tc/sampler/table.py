"""A table of numbers that grows row by row, as the trials of a study end."""

from collections.abc import Sequence

import numpy as np

from nas_tc.sampler.distributions import Floats

_FIRST = 64  # rows that there is room for at first; the room doubles


class Table:
    """Rows of numbers.

    Args:
        columns: Numbers of a row.
    """

    def __init__(self, columns: int) -> None:
        self._rows = np.empty((_FIRST, columns))
        self._many = 0

    @property
    def rows(self) -> Floats:
        """The rows, shape (rows, columns)."""
        return self._rows[: self._many]

    def append(self, row: Sequence[float]) -> None:
        """Adds a row behind the others.

        Args:
            row: Its numbers.
        """
        self._add(self._many, row)

    def insert(self, row: Sequence[float]) -> None:
        """Adds a row in its place, where the rows are in the order of their first number.

        Args:
            row: Its numbers.
        """
        is_last = not self._many or row[0] > self._rows[self._many - 1, 0]
        place = self._many if is_last else int(np.searchsorted(self.rows[:, 0], row[0]))
        self._add(place, row)

    def put(self, place: int, row: Sequence[float]) -> None:
        """Sets a row, perhaps beyond the last one; rows between them are NaN.

        Args:
            place: Index of the row.
            row: Its numbers.
        """
        for _ in range(self._many, place + 1):
            self.append([np.nan] * len(row))
        self._rows[place] = row

    def _add(self, place: int, row: Sequence[float]) -> None:
        if self._many == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        self._rows[place + 1 : self._many + 1] = self._rows[place : self._many]
        self._rows[place] = row
        self._many += 1
