"""A data set before it is decoded: which images belong to which split."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nas_tc.data.rows import Rows
from nas_tc.data.sources import Encoded
from nas_tc.data.splits import fewer_indices, split_off, split_validation
from nas_tc.errors import DataError


@dataclass(frozen=True)
class Part:
    """Images that are not decoded yet, with their labels.

    Attributes:
        images: encoded, or an array in a file.
        labels: int64, (n,), from 0.
    """

    images: Encoded | Rows
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: NDArray[np.int64]) -> Self:
        """Some of them, in order."""
        return type(self)(self.images.take(indices), self.labels[indices])


@dataclass(frozen=True)
class Plan:
    """What `ImageData` will hold, in files still.

    Attributes:
        name: as the user wrote it.
        train: the weights are trained on these.
        validation: candidates are compared by these.
        test: looked at once.
        classes: names, in the order of the labels.
        remarks: what to know about these images, a line each.
        label_values: the labels as the files have them, where classes have names of their own.
    """

    name: str
    train: Part
    validation: Part
    test: Part
    classes: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    label_values: tuple[str, ...] = ()

    @property
    def parts(self) -> dict[str, Part]:
        """The splits by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def __len__(self) -> int:
        return sum(map(len, self.parts.values()))

    def with_fewer(self, train_images: int) -> Self:
        """The same with fewer training images: those that `ImageData.with_fewer` takes.

        Args:
            train_images: Number of training images to keep.

        Raises:
            DataError: fewer than one per class, or more than there are.
        """
        kept = fewer_indices(self.train.labels, train_images, len(self.classes), self.name)
        return replace(self, train=self.train.take(kept))


def planned(
    name: str,
    train: Part,
    validation: Part | None,
    test: Part | None,
    classes: tuple[str, ...],
    remarks: Sequence[str] = (),
) -> Plan:
    """A plan in which nothing is missing.

    Without test images a fifth of the others is held out, without validation images a tenth of
    the rest. Classes without images in a split are remarked upon.

    Args:
        name: Name of the data set.
        train: Images for training, of which the missing splits are taken.
        validation: Images for validation; None: there are none.
        test: Images for the test; None: there are none.
        classes: Names of the classes.
        remarks: Remarks about the source, for the user.

    Raises:
        DataError: too few images.
    """
    if test is None:
        train, test = split_off(train, max(1, len(train) // 5))
    if validation is None:
        train, validation = split_validation(train)
    plan = Plan(name, train, validation, test, classes)
    return replace(plan, remarks=(*remarks, *_missing_classes(plan)))


def _missing_classes(plan: Plan) -> list[str]:
    """Classes that a split has no images of, a line each split."""
    remarks = []
    for what, part in (("validation", plan.validation), ("test", plan.test)):
        counts = np.bincount(part.labels, minlength=len(plan.classes))
        if len(missing := np.flatnonzero(counts == 0)):
            of = named([plan.classes[number] for number in missing])
            remarks.append(f"no {what} images of {of}; the {what} error says nothing about them")
    return remarks


def named(names: Sequence[str], most: int = 5) -> str:
    """The first few names, and how many more there are."""
    rest = len(names) - most
    return ", ".join(map(repr, names[:most])) + (f" and {rest:,} more" if rest > 0 else "")


def check_labels(labels: Iterable[object], place: str) -> None:
    """Refuses what is no label.

    Args:
        labels: Labels as they were read.
        place: Place of the labels, for an error message.

    Raises:
        DataError: a label that is missing or of another kind, by place and row.
    """
    for row, label in enumerate(labels):
        if label is None:
            raise DataError(f"{place}, row {row}: the label is missing")
        if not isinstance(label, Integral | str):
            raise DataError(
                f"{place}, row {row}: a label is a whole number or a name, not {label!r}"
            )


def numbered(images: Encoded | Rows, labels: Sequence[object], classes: tuple[str, ...]) -> Part:
    """Images with the numbers of their classes.

    Args:
        images: Images to plan.
        labels: Label of each image.
        classes: Names of the classes.

    Raises:
        DataError: a label that no training image has, by the image's name.
    """
    known = {each: number for number, each in enumerate(classes)}
    numbers = np.empty(len(labels), dtype=np.int64)
    for index, label in enumerate(labels):
        if str(label) not in known:
            raise DataError(
                f"{images.name(index)}: label {label!r} is not among the training images"
            )
        numbers[index] = known[str(label)]
    return Part(images, numbers)
