"""Which images are held out: one fixed choice, stratified by class or by label."""

from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from nas_tc.data.labels import Labels
from nas_tc.data.stratify import class_split, even_split, iterative_split
from nas_tc.errors import DataError

_SPLIT_SEED = 2015  # one fixed split for every search, whatever its own seed


class _Labelled(Protocol):
    """Images in memory, or encoded still."""

    @property
    def labels(self) -> Labels:
        """int64, (n,), or uint8, (n, classes)."""

    def __len__(self) -> int:
        """How many."""

    def take(self, indices: NDArray[np.int64]) -> Self:
        """Those at `indices`."""


_L = TypeVar("_L", bound=_Labelled)


def fewer_indices(labels: Labels, count: int, classes: int, name: str) -> NDArray[np.int64]:
    """Indices of `count` training images: a fixed, stratified choice with at least one a class.

    Args:
        labels: int64, (n,), number of each image's class; or uint8, (n, classes).
        count: Number of images to keep.
        classes: Number of classes.
        name: Name of the data set, for an error message.

    Raises:
        DataError: fewer than one per class, or more than there are.
    """
    if not classes <= count <= len(labels):
        raise DataError(
            f"--train-images {count}: {name} has {len(labels)} training images; choose from "
            f"{classes} (one a class) to {len(labels)}"
        )
    if count == len(labels):
        return np.arange(count)
    return split_indices(labels, len(labels) - count)[0]


def split_indices(labels: Labels, held_out: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the images that stay and of `held_out` others, stratified by class, in order.

    The choice depends on the labels alone, so it is the same in every run. Each class keeps an
    image as long as there are enough; where it has only one, that stays.

    Args:
        labels: int64, (n,), number of each image's class; or uint8, (n, classes), which
            `iterative_split` stratifies.
        held_out: Number of images to hold out.

    Raises:
        DataError: too few images.
    """
    if held_out >= len(labels):
        raise DataError(
            f"{len(labels)} images are too few to hold {held_out} of them out; add images"
        )
    if labels.ndim == 2:
        return iterative_split(labels.astype(np.uint8, copy=False), held_out, _SPLIT_SEED)
    counts = np.unique(labels, return_counts=True)[1]
    if counts.min() > 1:
        fits = len(counts) <= min(held_out, len(labels) - held_out)
        split = class_split if fits else even_split
        kept, held = split(labels.astype(np.int64, copy=False), held_out, _SPLIT_SEED)
        if len(np.unique(labels[kept])) == len(counts):
            return kept, held
    return _apportioned(labels, held_out)


def _apportioned(labels: Labels, held_out: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`split_indices` where the other split would leave a class without an image to train on.

    Each class gives in proportion to its images, but never its last one as long as others have
    more; of equal remainders that of the larger class counts.
    """
    classes, counts = np.unique(labels, return_counts=True)
    spare = counts - 1 if held_out <= (counts - 1).sum() else counts
    exact = held_out * spare / spare.sum()
    given = np.floor(exact).astype(np.int64)
    by_remainder = np.lexsort((-counts, given - exact))
    given[by_remainder[: held_out - given.sum()]] += 1
    random = np.random.RandomState(_SPLIT_SEED)
    held = np.sort(
        np.concatenate(
            [
                random.permutation(np.flatnonzero(labels == each))[:count]
                for each, count in zip(classes, given, strict=True)
            ]
        )
    )
    return np.setdiff1d(np.arange(len(labels)), held), held


def split_off(whole: _L, held_out: int) -> tuple[_L, _L]:
    """`whole` without `held_out` images, and those."""
    kept, held = split_indices(whole.labels, held_out)
    return whole.take(kept), whole.take(held)


def split_validation(whole: _L) -> tuple[_L, _L]:
    """Nine tenths of the images to train on, and a tenth to compare candidates by."""
    return split_off(whole, max(1, len(whole) // 10))
