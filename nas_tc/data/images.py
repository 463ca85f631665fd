"""Images and labels in memory, split once and for all."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import Shape
from nas_tc.errors import DataError

_SPLIT_SEED = 2015  # one fixed split for every search, whatever its own seed

_MOMENTS_BLOCK = 500  # images counted at once, as counting takes eight times their memory


@dataclass(frozen=True)
class Split:
    """Some labelled images.

    Attributes:
        images: uint8, (n, height, width, channels), the layout in which they are decoded.
        labels: int64, (n,), from 0.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: NDArray[np.int64]) -> Self:
        """The images at `indices`, copied."""
        return type(self)(self.images[indices], self.labels[indices])


@dataclass(frozen=True)
class ImageData:
    """What a search trains on, chooses by and is tested on.

    Attributes:
        name: as the user wrote it.
        train: the weights are trained on these.
        validation: candidates are compared by their error on these.
        test: looked at once, for the networks of the final front.
        classes: names, in the order of the labels.
        augment: what suits these images: a set of "crop" and "flip".
    """

    name: str
    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]
    augment: frozenset[str] = frozenset({"crop", "flip"})

    @property
    def shape(self) -> Shape:
        """Channels, height and width of every image."""
        _, height, width, channels = self.train.images.shape
        return (channels, height, width)

    @cached_property
    def checksum(self) -> str:
        """Sixteen hexadecimal digits of all images, labels and class names in their order."""
        digest = hashlib.blake2b(digest_size=8)
        for split in (self.train, self.validation, self.test):
            digest.update(np.ascontiguousarray(split.images).data)
            digest.update(np.ascontiguousarray(split.labels).data)
        digest.update("\0".join(self.classes).encode())
        return digest.hexdigest()

    @cached_property
    def moments(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation of the training images per channel, on a scale of 0 to 1.

        A channel without any spread is given that of the others, or 1, so as to be divided by.
        """
        means, stds = [], []
        for channel in range(self.shape[0]):
            counts = np.zeros(256, dtype=np.int64)
            for start in range(0, len(self.train), _MOMENTS_BLOCK):
                block = self.train.images[start : start + _MOMENTS_BLOCK, ..., channel]
                counts += np.bincount(block.reshape(-1), minlength=256)
            values = np.arange(256) / 255
            mean = float((counts * values).sum() / counts.sum())
            variance = float((counts * (values - mean) ** 2).sum() / counts.sum())
            means.append(mean)
            stds.append(variance**0.5 or 1.0)
        return tuple(means), tuple(stds)

    def summary(self) -> str:
        """One line: counts, shape and classes."""
        shape = "x".join(map(str, self.shape))
        return (
            f"{self.name}: {len(self.train):,} training, {len(self.validation):,} validation and "
            f"{len(self.test):,} test images of {shape}, {len(self.classes)} classes"
        )

    def with_fewer(self, train_images: int) -> Self:
        """The same with `train_images` training images: a fixed, stratified choice.

        Raises:
            DataError: fewer than one per class, or more than there are.
        """
        if not len(self.classes) <= train_images <= len(self.train):
            raise DataError(
                f"--train-images {train_images}: {self.name} has {len(self.train)} training "
                f"images; choose from {len(self.classes)} (one a class) to {len(self.train)}"
            )
        if train_images == len(self.train):
            return self
        kept, _ = split_indices(self.train.labels, len(self.train) - train_images)
        return replace(self, train=self.train.take(kept))


def split_indices(
    labels: NDArray[np.int64], held_out: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the images that stay and of `held_out` others, stratified by class, in order.

    The choice depends on the labels alone, so it is the same in every run. Where the classes are
    too small to be stratified, it is a plain random choice.

    Raises:
        DataError: too few images.
    """
    if held_out >= len(labels):
        raise DataError(
            f"{len(labels)} images are too few to hold {held_out} of them out; add images"
        )
    from sklearn.model_selection import train_test_split  # noqa: PLC0415 - slow to import

    indices = np.arange(len(labels))
    smallest = np.bincount(labels).min() if len(labels) else 0
    classes = len(np.unique(labels))
    stratify = (
        labels if smallest >= 2 and classes <= min(held_out, len(labels) - held_out) else None
    )
    kept, held = train_test_split(
        indices, test_size=held_out, random_state=_SPLIT_SEED, stratify=stratify
    )
    return np.sort(kept), np.sort(held)


def split_off(whole: Split, held_out: int) -> tuple[Split, Split]:
    """`whole` without `held_out` images, and those."""
    kept, held = split_indices(whole.labels, held_out)
    return whole.take(kept), whole.take(held)


def split_validation(whole: Split) -> tuple[Split, Split]:
    """Nine tenths of the images to train on, and a tenth to compare candidates by."""
    return split_off(whole, max(1, len(whole) // 10))


def label_numbers(labels: Sequence[object], what: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels as numbers from 0, and the name of each class.

    Whole numbers keep their order, anything else is sorted as text.

    Raises:
        DataError: a missing label, or a single class.
    """
    if any(label is None for label in labels):
        raise DataError(f"{what}: image {list(labels).index(None)} has no label")
    try:
        names: list[object] = sorted(set(labels))  # type: ignore[type-var]
    except TypeError:
        names = sorted(set(labels), key=str)
    if len(names) < 2:
        raise DataError(f"{what}: all labels are {names[0]!r}; a search needs two classes or more")
    numbers = {name: number for number, name in enumerate(names)}
    return np.array([numbers[each] for each in labels], dtype=np.int64), tuple(map(str, names))
