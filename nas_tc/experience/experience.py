"""What earlier trainings say of the error of a network before it is trained."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np

from nas_tc.errors import NasTcError, unknown
from nas_tc.experience.numbers import NUMBERS
from nas_tc.experience.parts import Floats

_FOLDER = Path(__file__).parent
_FIELDS = ("center", "scale", "linear", "quadratic")
_FARTHEST = 2.5  # standard deviations from the mean network: nothing is known beyond


@dataclass(frozen=True)
class Experience:
    """A quadratic model of the logarithm of the error, up to a constant.

    It ranks networks of one search: a difference of .1 means that one error is some 10 % higher
    than the other. What errors are usual for the images, it does not know.

    Attributes:
        numbers: The first so many of `NUMBERS`, by name: later versions of nas-tc know more.
        center: Mean of each over the trainings that it was learnt from, shape (numbers,).
        scale: Their standard deviations.
        linear: Weights of the numbers, in standard deviations from the mean, shape (numbers,).
        quadratic: Weights of their products, upper triangular, shape (numbers, numbers).
    """

    numbers: tuple[str, ...]
    center: Floats
    scale: Floats
    linear: Floats
    quadratic: Floats

    def expected(self, numbers: Floats) -> Floats:
        """The expected logarithms of the errors of networks, up to a constant, shape (networks,).

        Args:
            numbers: Of the networks, shape (networks, NUMBERS).
        """
        z = _standardised(numbers[:, : len(self.numbers)], self.center, self.scale)
        found: Floats = z @ self.linear + ((z @ self.quadratic) * z).sum(axis=1)
        return found

    @classmethod
    def learnt(cls, numbers: Floats, errors: Floats, tasks: Sequence[str], ridge: float) -> Self:
        """The model that fits trainings on some tasks.

        Each task, that is images and recipe, has a constant of its own: the usual error there.

        Args:
            numbers: The first so many of `NUMBERS` of the trained networks, shape
                (trainings, numbers).
            errors: Their errors, above 0, shape (trainings,).
            tasks: The task that each was trained for.
            ridge: Penalty on the square of the weights.
        """
        center, scale = numbers.mean(axis=0), numbers.std(axis=0)
        scale[scale == 0] = 1.0
        z = _standardised(numbers, center, scale)
        one, other = np.triu_indices(z.shape[1])
        terms = np.column_stack([z, z[:, one] * z[:, other]])
        logarithms, names = np.log(errors), np.array(tasks)
        for name in set(tasks):
            own = names == name
            terms[own] -= terms[own].mean(axis=0)
            logarithms[own] -= logarithms[own].mean()
        gram = terms.T @ terms + ridge * np.eye(terms.shape[1])
        weights: Floats = np.asarray(np.linalg.solve(gram, terms.T @ logarithms), dtype=np.float64)
        quadratic = np.zeros((z.shape[1], z.shape[1]))
        quadratic[one, other] = weights[z.shape[1] :]
        return cls(NUMBERS[: z.shape[1]], center, scale, weights[: z.shape[1]], quadratic)

    def to_dict(self) -> dict[str, Any]:
        """The model as lists of numbers, with five digits."""
        return {
            "numbers": list(self.numbers),
            **{name: _rounded(getattr(self, name)) for name in _FIELDS},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """`to_dict` backwards.

        Args:
            values: What it gave.

        Raises:
            NasTcError: The model is of other numbers.
        """
        numbers = tuple(values["numbers"])
        if numbers != NUMBERS[: len(numbers)]:
            raise NasTcError("an experience of other numbers; learn it anew")
        return cls(numbers, *(np.array(values[name]) for name in _FIELDS))


@cache
def load_experience(name: str) -> Experience:
    """A model that nas-tc ships.

    Args:
        name: Its name, such as "plain-2"; a study keeps the one that it began with.

    Raises:
        UnknownNameError: There is none of this name.
    """
    path = _FOLDER / f"{name}.json"
    names = sorted(each.stem for each in _FOLDER.glob("*.json"))
    if name not in names:
        raise unknown("experience", name, names)
    return Experience.from_dict(json.loads(path.read_text(encoding="utf-8")))


def _standardised(numbers: Floats, center: Floats, scale: Floats) -> Floats:
    found: Floats = np.clip((numbers - center) / scale, -_FARTHEST, _FARTHEST)
    return found


def _rounded(values: Floats) -> Any:
    """Nested lists of the values with five digits."""
    return [float(f"{each:.5g}") if np.ndim(each) == 0 else _rounded(each) for each in values]
