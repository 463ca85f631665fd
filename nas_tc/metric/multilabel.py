"""Predictions on images that have several labels each: counts by class, and average precisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nas_tc.metric.confusion import Confusion, ratios


@dataclass(frozen=True)
class MultilabelConfusion:
    """A confusion matrix of two rows for each class, and how well the scores rank the images.

    A class is predicted where its score is above 0, which is a probability above one half.

    Attributes:
        cells: True negatives, false positives, false negatives and true positives of each class, in
            the order of scikit-learn's `multilabel_confusion_matrix`.
        average_precisions: Average precision of each class, 0 to 1; None without images.
        subset_wrong: Images of which one label or more is wrong.
    """

    cells: tuple[tuple[int, int, int, int], ...]
    average_precisions: tuple[float | None, ...]
    subset_wrong: int

    @classmethod
    def of(cls, labels: NDArray[np.uint8], scores: NDArray[np.floating[Any]]) -> Self:
        """The counts and average precisions of predictions.

        Args:
            labels: 1 where an image has a label, else 0, uint8, (n, classes).
            scores: Logits or anything else that is above 0 where a class is predicted,
                (n, classes).
        """
        truth, said = labels.astype(bool), scores > 0
        positives = truth.sum(axis=0)
        right = (truth & said).sum(axis=0)
        false = (~truth & said).sum(axis=0)
        rest = len(truth) - positives - false
        cells = np.stack([rest, false, positives - right, right], axis=1)
        precisions = tuple(
            average_precision(truth[:, each], scores[:, each]) for each in range(truth.shape[1])
        )
        wrong = int((truth != said).any(axis=1).sum())
        return cls(tuple((a, b, c, d) for a, b, c, d in cells.tolist()), precisions, wrong)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.cells)

    @property
    def images(self) -> int:
        """Number of images."""
        return sum(self.cells[0])

    @property
    def error(self) -> float:
        """Share of the images of which one label or more is wrong, 0 to 1: the subset error."""
        return self.subset_wrong / self.images

    @property
    def hamming_error(self) -> float:
        """Share of all labels, given or not, that are wrong, 0 to 1."""
        return float(self._counts[:, 1:3].sum() / self._counts.sum())

    @property
    def images_of(self) -> NDArray[np.int64]:
        """Number of images that have each label, (classes,)."""
        return self._counts[:, 2] + self._counts[:, 3]

    @property
    def precisions(self) -> NDArray[np.float64]:
        """Share of the images predicted to have a label that have it; NaN if none was."""
        return ratios(self._counts[:, 3], self._counts[:, 1] + self._counts[:, 3])

    @property
    def recalls(self) -> NDArray[np.float64]:
        """Share of a label's images that were predicted to have it; NaN without images."""
        return ratios(self._counts[:, 3], self.images_of)

    @property
    def f1_scores(self) -> NDArray[np.float64]:
        """Harmonic mean of precision and recall; NaN where neither is defined, (classes,)."""
        _, false, missed, right = self._counts.T
        return ratios(2 * right, 2 * right + false + missed)

    @property
    def average_precision_of(self) -> NDArray[np.float64]:
        """`average_precisions` as an array; NaN for None, (classes,)."""
        return np.array(self.average_precisions, dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """As plain numbers and lists, for `from_dict`."""
        return {
            "multilabel": [number for cell in self.cells for number in cell],
            "average_precisions": list(self.average_precisions),
            "subset_wrong": self.subset_wrong,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What `to_dict` described."""
        flat = iter(values["multilabel"])
        cells = tuple(zip(flat, flat, flat, flat, strict=True))
        return cls(cells, tuple(values["average_precisions"]), values["subset_wrong"])

    @cached_property
    def _counts(self) -> NDArray[np.int64]:
        return np.array(self.cells, dtype=np.int64)


AnyConfusion = Confusion | MultilabelConfusion


def confusion_from_dict(values: Mapping[str, Any]) -> AnyConfusion:
    """What `to_dict` of either kind described.

    Args:
        values: Plain numbers and lists.
    """
    kind = MultilabelConfusion if "multilabel" in values else Confusion
    return kind.from_dict(values)


def average_precision(truth: NDArray[np.bool_], scores: NDArray[Any]) -> float | None:
    """Sum of the precisions at each score, times the recall that the images of that score add.

    Images of equal scores count together, as in scikit-learn's `average_precision_score`, which
    loads too much for the end of every epoch.

    Args:
        truth: Whether an image has the label, (n,).
        scores: Score of each image, (n,).

    Returns:
        0 to 1, 1 where all images with the label come before all others; None without any.
    """
    positives = int(truth.sum())
    if not positives:
        return None
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    found = np.cumsum(truth[order])[ends]
    area = (np.diff(found, prepend=0) * found / (ends + 1)).sum() / positives
    return min(1.0, float(area))  # the sum may round up
