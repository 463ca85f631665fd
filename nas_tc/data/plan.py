"""A data set before it is decoded: which images belong to which split."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nas_tc.data.labels import Labels, RawLabels, class_counts, settle_labels
from nas_tc.data.rows import Rows
from nas_tc.data.sources import Encoded
from nas_tc.data.splits import fewer_indices, split_off, split_validation
from nas_tc.errors import DataError


@dataclass(frozen=True)
class Part:
    """Images that are not decoded yet, with their labels.

    Attributes:
        images: encoded, or an array in a file.
        labels: int64, (n,), from 0; or uint8, (n, classes).
    """

    images: Encoded | Rows
    labels: Labels

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


def plan_labelled(
    name: str,
    splits: Mapping[str, tuple[Encoded | Rows, RawLabels] | None],
    what: str,
    remarks: Sequence[str] = (),
    shown: Callable[[str], str] | None = None,
) -> Plan:
    """A plan for images whose labels were read beside them; see `settle_labels` and `planned`.

    Args:
        name: Name of the data set.
        splits: Images and labels of "train", and perhaps of "validation" and "test".
        what: Place of the data, for error messages.
        remarks: Remarks about the source, for the user.
        shown: Function from a label to the name to show; None: labels are names.

    Raises:
        DataError: Labels are missing or of several kinds, or images are too few.
    """
    found = {split: each for split, each in splits.items() if each is not None}
    labels = settle_labels(
        {split: raw for split, (_, raw) in found.items()},
        {split: images.name for split, (images, _) in found.items()},
        what,
    )
    parts = {split: Part(images, labels.numbers[split]) for split, (images, _) in found.items()}
    values = labels.classes
    classes = values if shown is None else tuple(map(shown, values))
    plan = planned(
        name,
        parts["train"],
        parts.get("validation"),
        parts.get("test"),
        classes,
        (*remarks, *labels.remarks),
    )
    return plan if classes == values else replace(plan, label_values=values)


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
        DataError: too few images, or a split of which no image has a label.
    """
    if test is None:
        train, test = split_off(train, max(1, len(train) // 5))
    if validation is None:
        train, validation = split_validation(train)
    plan = Plan(name, train, validation, test, classes)
    return replace(plan, remarks=(*remarks, *_missing_classes(plan)))


def _missing_classes(plan: Plan) -> list[str]:
    """Classes that a split has no images of, a line each split.

    Raises:
        DataError: No image of a split has a label.
    """
    remarks = []
    for split, part in plan.parts.items():
        what = "training" if split == "train" else split
        missing = np.flatnonzero(class_counts(part.labels, len(plan.classes)) == 0)
        if not len(missing):
            continue
        if len(missing) == len(plan.classes):
            raise DataError(f"{plan.name}: no {what} image has a label; add images that have some")
        of = named([plan.classes[number] for number in missing])
        says = (
            "no network can learn them"
            if split == "train"
            else f"the {what} error says nothing about them"
        )
        remarks.append(f"no {what} images of {of}; {says}")
    return remarks


def named(names: Sequence[str], most: int = 5) -> str:
    """The first few names, and how many more there are."""
    rest = len(names) - most
    return ", ".join(map(repr, names[:most])) + (f" and {rest:,} more" if rest > 0 else "")
