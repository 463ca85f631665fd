"""What a sampler has to know of Optuna's distributions: values by place, and which they have."""

from collections.abc import Mapping
from math import exp, log
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

Params = Mapping[str, Any]  # parameter name to value
Distributions = Mapping[str, BaseDistribution]
Floats = NDArray[np.float64]

_GRID = 17  # values of a parameter that has too many to list


def steps(distribution: BaseDistribution) -> int | None:
    """How many values there are; None: a continuum."""
    match distribution:
        case CategoricalDistribution():
            return len(distribution.choices)
        case IntDistribution() | FloatDistribution() if distribution.step is not None:
            return round((distribution.high - distribution.low) / distribution.step) + 1
    return None


def value_at(distribution: BaseDistribution, place: float) -> Any:
    """The value at `place` of the way, from 0 to below 1; even places give even values."""
    match distribution:
        case CategoricalDistribution():
            return distribution.choices[int(place * len(distribution.choices))]
        case IntDistribution(log=True):
            ends = log(distribution.low - 0.5), log(distribution.high + 0.5)
            whole = round(exp(ends[0] + place * (ends[1] - ends[0])))
            return min(max(whole, distribution.low), distribution.high)
        case IntDistribution():
            many = (distribution.high - distribution.low) // distribution.step + 1
            return distribution.low + distribution.step * int(place * many)
        case FloatDistribution():
            return _float_at(distribution, place)
    raise AssertionError(f"no such distribution in Optuna: {distribution}")


def _float_at(distribution: FloatDistribution, place: float) -> float:
    low, high = distribution.low, distribution.high
    if distribution.log:
        value = exp(log(low) + place * (log(high) - log(low)))
    elif distribution.step is None:
        value = low + place * (high - low)
    else:
        many = round((high - low) / distribution.step) + 1
        value = low + distribution.step * int(place * many)
    return min(max(value, low), high)


def values(distribution: BaseDistribution) -> list[Any]:
    """All values, or a grid that has both ends where there are many."""
    many = steps(distribution)
    if many is not None and many <= 2 * _GRID:
        return [value_at(distribution, (n + 0.5) / many) for n in range(many)]
    places = [*(n / _GRID for n in range(_GRID)), 1 - 1e-12]
    return list(dict.fromkeys(value_at(distribution, place) for place in places))


def is_ordered(distribution: BaseDistribution) -> bool:
    """Whether values have an order: numbers, choices of a category included."""
    if not isinstance(distribution, CategoricalDistribution):
        return True
    return all(type(choice) in (int, float) for choice in distribution.choices)


def position(distribution: BaseDistribution, value: Any) -> float:
    """Where a value lies, from 0 to 1; `value_at` backwards."""
    match distribution:
        case CategoricalDistribution():
            return (distribution.choices.index(value) + 0.5) / len(distribution.choices)
        case IntDistribution() | FloatDistribution():
            low, high = float(distribution.low), float(distribution.high)
            if distribution.log:
                low, high, value = log(low), log(high), log(value)
            return (value - low) / (high - low) if high > low else 0.5
    raise AssertionError(f"no such distribution in Optuna: {distribution}")


class Membership:
    """Tells whether settings have a value for every parameter, one that its distribution has.

    Args:
        distributions: Distributions of the parameters, by name.
    """

    def __init__(self, distributions: Distributions) -> None:
        self._distributions = dict(distributions)
        # Optuna's own way to tell takes long for choices, and a study has thousands of trials.
        self._choices = {
            name: frozenset(each.choices) if isinstance(each, CategoricalDistribution) else ()
            for name, each in distributions.items()
        }

    def __call__(self, params: Params) -> bool:
        """Whether a setting is such a one."""
        try:
            return all(
                params[name] in choices or _has(self._distributions[name], params[name])
                for name, choices in self._choices.items()
            )
        except (KeyError, TypeError, ValueError):  # missing, unhashable, of another type
            return False


def _has(distribution: BaseDistribution, value: Any) -> bool:
    """Whether a distribution has a value.

    Raises:
        ValueError: It cannot have one of this type.
    """
    return distribution._contains(distribution.to_internal_repr(value))  # there is no public way
