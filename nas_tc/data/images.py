"""Decoded images and labels in three fixed splits, in memory or memory-mapped from files."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import Shape
from nas_tc.data.duplicates import Duplicates, find_duplicates
from nas_tc.data.labels import Labels, class_counts
from nas_tc.data.splits import fewer_indices
from nas_tc.errors import DataError
from nas_tc.metric import AnyConfusion, Confusion, Metric, MultilabelConfusion

LEAST_SPREAD = 1 / 255  # one grey level, on a scale of 0 to 1
_BLOCK_BYTES = 2**22  # counted at a time: `bincount` takes eight times their memory


@dataclass(frozen=True)
class Split:
    """Labelled images of one split.

    Attributes:
        images: Images, uint8, shape (n, height, width, channels).
        labels: Numbers of the classes, from 0, int64, shape (n,). Where images have several labels:
            1 for each that they have and else 0, uint8, shape (n, classes).
        file: File (.npy) that images too large for the memory limit are mapped from, and read from
            batch by batch; None: the images are in memory.
    """

    images: NDArray[np.uint8]
    labels: Labels
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


def mapped_split(file: Path, labels: Labels) -> Split:
    """A split whose images stay in their file.

    Args:
        file: File (.npy) of the images.
        labels: int64, (n,), number of each image's class; or uint8, (n, classes).

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
        colour_range: The same of 16-bit colour.
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
    colour_range: tuple[int, int] | None = None

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

    @cached_property
    def duplicates(self) -> Duplicates:
        """Images that are there twice."""
        return find_duplicates(self.labelled_images())

    def labelled_images(self) -> dict[str, tuple[NDArray[np.uint8], Labels]]:
        """Images and labels of each split."""
        splits = {"training": self.train, "validation": self.validation, "test": self.test}
        return {name: (split.images, split.labels) for name, split in splits.items()}

    @property
    def multilabel(self) -> bool:
        """Whether images have several labels."""
        return self.train.labels.ndim == 2

    @property
    def usual_metric(self) -> Metric:
        """What networks are judged by if nobody says otherwise."""
        return Metric.usual(multilabel=self.multilabel)

    @property
    def majority_error(self) -> dict[str, float]:
        """The error of who looks at no image, 0 to 1, by split, in the usual metric.

        A network that is no better than this has learnt nothing from the images.
        """
        return self.majority(self.usual_metric)

    def majority(self, metric: Metric) -> dict[str, float]:
        """The value of a metric for who looks at no image.

        Who does so always says the commonest class of training. Where images have several labels,
        it gives all images the same scores: each label's share of the training images.

        Args:
            metric: Metric of the search or the training.
        """
        splits = {"validation": self.validation, "test": self.test}
        return {name: metric.of(self._blind(split)) for name, split in splits.items()}

    def _blind(self, split: Split) -> AnyConfusion:
        """What predictions without a look at the images come to."""
        classes = len(self.classes)
        counts = class_counts(self.train.labels, classes)
        if self.multilabel:
            scores = counts / len(self.train) - 0.5
            return MultilabelConfusion.of(
                split.labels.astype(np.uint8, copy=False), np.tile(scores, (len(split), 1))
            )
        best = np.argsort(-counts, kind="stable")[:5]
        labels = split.labels.astype(np.int64, copy=False)
        top5_wrong = int((~np.isin(labels, best)).sum()) if classes > len(best) else None
        return Confusion.of(labels, np.full_like(labels, best[0]), classes, top5_wrong)

    def facts(self) -> dict[str, Any]:
        """What a study or an experiment records of the images, as plain values."""
        facts = {
            "name": self.name,
            "checksum": self.checksum,
            "train_images": len(self.train),
            "validation_images": len(self.validation),
            "test_images": len(self.test),
            "shape": list(self.shape),
            "classes": list(self.classes),
            "majority_error": self.majority_error,
        }
        return {**facts, "multilabel": True} if self.multilabel else facts

    def summary(self) -> str:
        """Counts, shape and classes in a line; then the majority class, duplicates, remarks."""
        shape = "x".join(map(str, self.shape))
        counts = (
            f"{self.name}: {len(self.train):,} training, {len(self.validation):,} validation and "
            f"{len(self.test):,} test images of {shape}, {len(self.classes)} classes"
        )
        if self.multilabel:
            labels = sum(split.labels.sum() for split in (self.train, self.validation, self.test))
            images = sum(map(len, (self.train, self.validation, self.test)))
            counts += f", {labels / images:.2f} labels an image"
        who, metric = blind_name(multilabel=self.multilabel), self.usual_metric.words
        majority = f"{who}: {metric} {majority_text(self.majority_error)}"
        twice = "; ".join(self.duplicates.harmful(multilabel=self.multilabel))
        lines = [counts, majority, *self.remarks, *([f"duplicates: {twice}"] if twice else [])]
        return "\n".join(lines)

    def with_fewer(self, train_images: int) -> Self:
        """The same data with fewer training images: a fixed, stratified choice.

        Args:
            train_images: Number of training images to keep.

        Raises:
            DataError: The number is less than one per class, or more than there are.
        """
        kept = fewer_indices(self.train.labels, train_images, len(self.classes), self.name)
        return self if len(kept) == len(self.train) else replace(self, train=self.train.take(kept))


def blind_name(*, multilabel: bool) -> str:
    """The name of who looks at no image: see `ImageData.majority`.

    Args:
        multilabel: Whether images have several labels.
    """
    return "constant scores" if multilabel else "majority class"


def majority_text(errors: Mapping[str, float]) -> str:
    """The errors of the majority class in words.

    Args:
        errors: 0 to 1, by split, as `ImageData.majority_error` has them.
    """
    return " and ".join(f"{error * 100:.2f} % in {split}" for split, error in errors.items())
