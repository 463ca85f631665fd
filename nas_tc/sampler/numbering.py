"""Settings as rows of numbers, a column a parameter: a model and its search work on thousands."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import CategoricalDistribution, IntDistribution

from nas_tc.sampler.distributions import (
    Distributions,
    Floats,
    Params,
    is_ordered,
    position,
    steps,
    value_at,
)

_FINE = 20  # values of a parameter, above which a tenth of the way is near


class Numbering:
    """Turns settings into rows and back.

    A number stands for itself, exactly up to 2^53; a choice of a category, for its place among the
    choices, from 0. Choices that are equal, such as 1 and True, are the first of them.

    Args:
        distributions: Distributions of the parameters, by name.
    """

    def __init__(self, distributions: Distributions) -> None:
        self.distributions = dict(distributions)
        self.names = tuple(distributions)
        self._choices = [
            each.choices if isinstance(each, CategoricalDistribution) else ()
            for each in distributions.values()
        ]
        self._places = [{each: own.index(each) for each in own} for own in self._choices]
        self._others = [column for column, own in enumerate(self._choices) if not own]
        self._categories = np.delete(np.arange(len(self.names)), self._others)
        own = [self._places[column] for column in self._categories.tolist()]
        listed = [self._choices[column] for column in self._categories.tolist()]
        self._counts = np.array([len(each) for each in listed])
        self._firsts = np.zeros((len(listed), max(map(len, listed), default=0)))
        for row, (places, choices) in enumerate(zip(own, listed, strict=True)):
            self._firsts[row, : len(choices)] = [places[each] for each in choices]

    def rows(self, settings: Sequence[Params]) -> Floats:
        """The rows of settings, shape (settings, parameters).

        Args:
            settings: Values by the names of the parameters.

        Raises:
            KeyError: A setting lacks a parameter, or has a value that is none of its choices.
        """
        columns = [
            [places[each[name]] for each in settings]
            if places
            else [float(each[name]) for each in settings]
            for name, places in zip(self.names, self._places, strict=True)
        ]
        found = np.empty((len(settings), len(self.names)))
        for column, values in enumerate(columns):
            found[:, column] = values
        return found

    def params(self, row: Sequence[float]) -> dict[str, Any]:
        """The setting of a row."""
        return {
            name: own[int(number)] if own else self._number(name, number)
            for name, own, number in zip(self.names, self._choices, row, strict=True)
        }

    def positions(self, rows: Floats) -> Floats:
        """Where each value lies, from 0 to 1, shape as `rows`."""
        found = np.empty_like(rows)
        found[:, self._categories] = (rows[:, self._categories] + 0.5) / self._counts
        for column in self._others:
            one = self.distributions[self.names[column]]
            found[:, column] = [position(one, number) for number in rows[:, column].tolist()]
        return found

    def at(self, positions: Floats) -> Floats:
        """The rows of the values at these positions, 0 to below 1; `positions` backwards."""
        found = np.empty_like(positions)
        places = (positions[:, self._categories] * self._counts).astype(np.int64)
        found[:, self._categories] = self._firsts[np.arange(len(self._categories)), places]
        for column in self._others:
            one = self.distributions[self.names[column]]
            found[:, column] = [value_at(one, place) for place in positions[:, column].tolist()]
        return found

    @cached_property
    def is_ordered(self) -> NDArray[np.bool_]:
        """For each parameter, whether its values have an order."""
        return np.array([is_ordered(each) for each in self.distributions.values()], dtype=bool)

    @cached_property
    def near(self) -> Floats:
        """For each parameter, how far a value nearby mostly is from another, as a share of all."""
        many = [steps(each) for each in self.distributions.values()]
        return np.array([0.1 if each is None or each > _FINE else 1.3 / each for each in many])

    def _number(self, name: str, number: float) -> float:
        one = self.distributions[name]
        if isinstance(one, IntDistribution):
            return min(max(round(number), one.low), one.high)
        return number
