"""The confusion matrix of predictions on labelled images."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Confusion:
    """How many images of each class were predicted as each class.

    Only cells with images are kept: with a thousand classes they are few of a million.

    Attributes:
        classes: Number of classes.
        cells: Class, predicted class and number of images, in this order, sorted.
        top5_wrong: Images whose class is not among the five with the highest scores; None where
            there are five classes or fewer.
    """

    classes: int
    cells: tuple[tuple[int, int, int], ...]
    top5_wrong: int | None = None

    @classmethod
    def of(
        cls,
        labels: NDArray[np.int64],
        predicted: NDArray[np.int64],
        classes: int,
        top5_wrong: int | None = None,
    ) -> Self:
        """The confusion matrix of predictions.

        Args:
            labels: Numbers of the classes, from 0, int64, (n,).
            predicted: Numbers of the predicted classes, int64, (n,).
            classes: Number of classes.
            top5_wrong: As for the attribute.
        """
        places, counts = np.unique(labels * classes + predicted, return_counts=True)
        cells = zip(
            (places // classes).tolist(), (places % classes).tolist(), counts.tolist(), strict=True
        )
        return cls(classes, tuple(cells), top5_wrong)

    @property
    def images(self) -> int:
        """Number of images."""
        return sum(count for _, _, count in self.cells)

    @property
    def error(self) -> float:
        """Share of the images that are misclassified, 0 to 1."""
        wrong = sum(count for label, predicted, count in self.cells if label != predicted)
        return wrong / self.images

    @property
    def top5_error(self) -> float:
        """Share of the images whose class is not among the five best; 0 for five classes."""
        return 0.0 if self.top5_wrong is None else self.top5_wrong / self.images

    @cached_property
    def images_of(self) -> NDArray[np.int64]:
        """Number of images of each class, (classes,)."""
        return self._sums(0)

    @cached_property
    def predicted_as(self) -> NDArray[np.int64]:
        """Number of images that were predicted as each class, (classes,)."""
        return self._sums(1)

    @cached_property
    def right(self) -> NDArray[np.int64]:
        """Number of images of each class that were predicted as that class, (classes,)."""
        found = np.zeros(self.classes, dtype=np.int64)
        for label, predicted, count in self.cells:
            if label == predicted:
                found[label] = count
        return found

    @property
    def class_errors(self) -> NDArray[np.float64]:
        """Share of each class's images that are misclassified; NaN without images, (classes,)."""
        return 1 - ratios(self.right, self.images_of)

    @property
    def precisions(self) -> NDArray[np.float64]:
        """Share of what was predicted as a class that is of it; NaN if nothing was, (classes,)."""
        return ratios(self.right, self.predicted_as)

    @property
    def f1_scores(self) -> NDArray[np.float64]:
        """Harmonic mean of precision and recall; NaN where neither is defined, (classes,)."""
        return ratios(2 * self.right, self.images_of + self.predicted_as)

    def to_dict(self) -> dict[str, Any]:
        """As plain numbers and lists, for `from_dict`."""
        flat = [number for cell in self.cells for number in cell]
        return {"classes": self.classes, "cells": flat, "top5_wrong": self.top5_wrong}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The confusion matrix that `to_dict` described."""
        flat = iter(values["cells"])
        cells = tuple(zip(flat, flat, flat, strict=True))
        return cls(values["classes"], cells, values["top5_wrong"])

    def _sums(self, axis: int) -> NDArray[np.int64]:
        found = np.zeros(self.classes, dtype=np.int64)
        for cell in self.cells:
            found[cell[axis]] += cell[2]
        return found


def ratios(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """The part of each whole; NaN where that is 0.

    Args:
        part: Counts, (n,).
        whole: Counts, (n,).
    """
    ratios = np.full(len(part), np.nan)
    np.divide(part, whole, out=ratios, where=whole > 0)
    return ratios
