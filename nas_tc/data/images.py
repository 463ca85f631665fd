"""Decoded images and labels in three fixed splits, in memory or memory-mapped from files."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import Shape
from nas_tc.data.splits import fewer_indices
from nas_tc.errors import DataError
from nas_tc.metric import Confusion, Metric

LEAST_SPREAD = 1 / 255  # one grey level, on a scale of 0 to 1
_BLOCK_BYTES = 2**22  # counted at a time: `bincount` takes eight times their memory


@dataclass(frozen=True)
class Split:
    """Labelled images of one split.

    Attributes:
        images: Images, uint8, shape (n, height, width, channels).
        labels: Numbers of the classes, from 0, int64, shape (n,).
        file: File (.npy) that images too large for the memory limit are mapped from, and read from
            batch by batch; None: the images are in memory.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    file: Path | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: NDArray[np.int64]) -> Self:
        """The images at `indices`, copied."""
        return type(self)(self.images[indices], self.labels[indices])

    def __reduce__(self) -> tuple[object, ...]:
        """How it is pickled: another process maps a file again, instead of receiving its images."""
        if self.file is None:
            return Split, (self.images, self.labels)
        return mapped_split, (self.file, self.labels)


def mapped_split(file: Path, labels: NDArray[np.int64]) -> Split:
    """A split whose images stay in their file.

    Args:
        file: File (.npy) of the images.
        labels: int64, (n,), number of each image's class.

    Raises:
        DataError: There is no such file, as on another machine that does not share the cache.
    """
    try:
        return Split(np.asarray(np.load(file, mmap_mode="r")), labels, file)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{file}: cannot be mapped: {error}; with several machines NAS_TC_CACHE must be a "
            "folder that all of them have"
        ) from None


@dataclass(frozen=True)
class ImageData:
    """A data set in three splits, for a search or a full training.

    Attributes:
        name: Name as the user wrote it.
        train: Images that weights are trained on.
        validation: Images that candidates are compared on.
        test: Images for final tests: of a search's front, or after a full training.
        classes: Names of the classes, in the order of the labels.
        augment: Augmentations that suit these images: "crop", "flip", both or none.
        remarks: Remarks for the user, a line each.
        grey_range: Values of 16-bit grey that were scaled to 0 and 255; None: no image has them.
        label_values: Labels as they are in the files, if the classes have names of their own.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]
    augment: frozenset[str] = frozenset({"crop", "flip"})
    remarks: tuple[str, ...] = ()
    grey_range: tuple[int, int] | None = None
    label_values: tuple[str, ...] = ()

    @property
    def shape(self) -> Shape:
        """Channels, height and width of every image."""
        _, height, width, channels = self.train.images.shape
        return (channels, height, width)

    @cached_property
    def checksum(self) -> str:
        """Hash of all images, labels and class names of the files, 16 hexadecimal digits."""
        digest = hashlib.blake2b(digest_size=8)
        for split in (self.train, self.validation, self.test):
            digest.update(np.ascontiguousarray(split.images).data)
            digest.update(np.ascontiguousarray(split.labels).data)
        digest.update("\0".join(self.label_values or self.classes).encode())
        return digest.hexdigest()

    @cached_property
    def moments(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation of the training images per channel, on a scale of 0 to 1.

        A deviation below one grey level counts as one. Otherwise dividing by it would blow up the
        slightest difference of another image from the training images.
        """
        means, stds = [], []
        step = max(1, _BLOCK_BYTES // self.train.images[0].nbytes)  # images
        for channel in range(self.shape[0]):
            counts = np.zeros(256, dtype=np.int64)
            for start in range(0, len(self.train), step):
                block = self.train.images[start : start + step, ..., channel]
                counts += np.bincount(block.reshape(-1), minlength=256)
            values = np.arange(256) / 255
            mean = float((counts * values).sum() / counts.sum())
            variance = float((counts * (values - mean) ** 2).sum() / counts.sum())
            means.append(mean)
            stds.append(max(variance**0.5, LEAST_SPREAD))
        return tuple(means), tuple(stds)

    @property
    def majority_error(self) -> dict[str, float]:
        """The error of who always says the commonest class of training, 0 to 1, by split.

        A network that is no better than this has learnt nothing from the images.
        """
        return self.majority(Metric.ERROR)

    def majority(self, metric: Metric) -> dict[str, float]:
        """What `majority_error` says, by any metric.

        Args:
            metric: Metric of the search or the training.
        """
        classes = len(self.classes)
        counts = np.bincount(self.train.labels, minlength=classes)
        best = np.argsort(-counts, kind="stable")[:5]
        return {
            name: metric.of(
                Confusion.of(
                    split.labels,
                    np.full_like(split.labels, best[0]),
                    classes,
                    int((~np.isin(split.labels, best)).sum()) if classes > len(best) else None,
                )
            )
            for name, split in (("validation", self.validation), ("test", self.test))
        }

    def facts(self) -> dict[str, Any]:
        """What a study or an experiment records of the images, as plain values."""
        return {
            "name": self.name,
            "checksum": self.checksum,
            "train_images": len(self.train),
            "validation_images": len(self.validation),
            "test_images": len(self.test),
            "shape": list(self.shape),
            "classes": list(self.classes),
            "majority_error": self.majority_error,
        }

    def summary(self) -> str:
        """Counts, shape and classes in a line; below it the majority class and the remarks."""
        shape = "x".join(map(str, self.shape))
        counts = (
            f"{self.name}: {len(self.train):,} training, {len(self.validation):,} validation and "
            f"{len(self.test):,} test images of {shape}, {len(self.classes)} classes"
        )
        majority = f"majority class: error {majority_text(self.majority_error)}"
        return "\n".join((counts, majority, *self.remarks))

    def with_fewer(self, train_images: int) -> Self:
        """The same data with fewer training images: a fixed, stratified choice.

        Args:
            train_images: Number of training images to keep.

        Raises:
            DataError: The number is less than one per class, or more than there are.
        """
        kept = fewer_indices(self.train.labels, train_images, len(self.classes), self.name)
        return self if len(kept) == len(self.train) else replace(self, train=self.train.take(kept))


def majority_text(errors: Mapping[str, float]) -> str:
    """The errors of the majority class in words.

    Args:
        errors: 0 to 1, by split, as `ImageData.majority_error` has them.
    """
    return " and ".join(f"{error * 100:.2f} % in {split}" for split, error in errors.items())


def label_numbers(labels: Sequence[object], what: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels as numbers from 0, and the name of each class.

    Classes are sorted: numbers as numbers, labels of several types as text.

    Args:
        labels: Label of each image.
        what: Name of the data, for error messages.

    Raises:
        DataError: A label is missing, or there is only one class.
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
