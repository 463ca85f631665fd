"""From labels as files have them to numbers: one class an image, or a row of zeros and ones."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_tc.errors import DataError

# A number of a class for each image, (n,); or for each image a row that is 1 where it has a label,
# uint8, (n, classes).
Labels = NDArray[np.int64] | NDArray[np.uint8]
# A whole number or a name for each image, a list of these for each; or (n, classes) of 0 and 1.
RawLabels = Sequence[Any] | NDArray[Any]
_MOST_BYTES = 2**31  # of a matrix of labels


@dataclass(frozen=True)
class Settled:
    """The labels of all splits as numbers.

    Attributes:
        numbers: Labels by split, of one kind in all of them.
        classes: Names of the classes, in the order of the numbers.
        remarks: Remarks for the user.
    """

    numbers: dict[str, Labels]
    classes: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def class_counts(labels: Labels, classes: int) -> NDArray[np.int64]:
    """Number of images of each class, (classes,).

    Args:
        labels: Labels of all images.
        classes: Number of classes.
    """
    if labels.ndim == 2:
        counts: NDArray[np.int64] = labels.sum(axis=0, dtype=np.int64)
        return counts
    return np.bincount(labels, minlength=classes).astype(np.int64)


def check_labels(labels: Iterable[object], place: str) -> None:
    """Refuses what is no label.

    Args:
        labels: Labels as they were read: one for each image, or a list for each.
        place: Place of the labels, for an error message.

    Raises:
        DataError: a label that is missing or of another kind, by place and row.
    """
    for row, label in enumerate(labels):
        if label is None:
            raise DataError(f"{place}, row {row}: the label is missing")
        if isinstance(label, list | tuple):
            if wrong := [each for each in label if not may_be_listed(each)]:
                raise DataError(
                    f"{place}, row {row}: a list of labels has whole numbers or names, not "
                    f"{wrong[0]!r}"
                )
        elif not isinstance(label, Integral | str):
            raise DataError(
                f"{place}, row {row}: a label is a whole number or a name, not {label!r}"
            )


def may_be_listed(label: object) -> bool:
    """Whether it can be in a list of labels: a whole number, a name, or 0.0 and 1.0 of a matrix.

    Args:
        label: Entry of a list.
    """
    return isinstance(label, Integral | str) or (isinstance(label, float) and label in (0.0, 1.0))


def settle_labels(
    labels: Mapping[str, RawLabels], names: Mapping[str, Callable[[int], str]], what: str
) -> Settled:
    """The labels of all splits as numbers, all of one kind.

    A row of zeros and ones with a single one stands for a class, if all rows are such; so does a
    list of one label. Otherwise images have several labels: a 1 in each of their columns.

    Args:
        labels: Labels by split, "train" among them, as they were read.
        names: Functions that name an image of a split by its index, for error messages.
        what: Name of the data, for error messages.

    Raises:
        DataError: Some labels are lists and others are not, a label is unknown in training, there
            are fewer than two classes, or labels are too many for the memory.
    """
    if (matrices := _matrices(labels, what)) is not None:
        widths = {len(each[0]) for each in matrices.values() if len(each)}
        if len(widths) > 1:
            raise DataError(f"{what}: rows of labels have {_listed(widths)} columns; save one kind")
        if any((each.sum(axis=1) != 1).any() for each in matrices.values()):
            return _from_matrices(matrices, what)
        labels = {split: each.argmax(axis=1).tolist() for split, each in matrices.items()}
    kinds: dict[bool, str] = {}  # whether a label is a list, and the first such image
    for split, each in labels.items():
        for index, label in enumerate(each):
            if (is_list := isinstance(label, list | tuple)) not in kinds:
                kinds[is_list] = names[split](index)
    remarks: tuple[str, ...] = ()
    if len(kinds) > 1:
        raise DataError(
            f"{kinds[True]}: a list of labels, but {kinds[False]} has one label; make all lists"
        )
    if True in kinds:
        if any(len(each) != 1 for split in labels.values() for each in split):
            return _from_lists(labels, names, what)
        labels = {split: [each[0] for each in lists] for split, lists in labels.items()}
        remarks = ("each list of labels has one: read as one class an image",)
    classes = class_names(labels["train"], what)
    return Settled(
        {split: numbered(each, classes, names[split]) for split, each in labels.items()},
        classes,
        remarks,
    )


def class_names(labels: Iterable[object], what: str) -> tuple[str, ...]:
    """Names of the classes, sorted: numbers as numbers, labels of several types as text.

    Args:
        labels: Label of each image, or all of all images.
        what: Name of the data, for error messages.

    Raises:
        DataError: A label is missing, or there is only one class.
    """
    labels = list(labels)
    if any(label is None for label in labels):
        raise DataError(f"{what}: image {labels.index(None)} has no label")
    try:
        names: list[object] = sorted(set(labels))  # type: ignore[type-var]
    except TypeError:
        names = sorted(set(labels), key=str)
    if len(names) < 2:
        only = f"all labels are {names[0]!r}" if names else "no image has a label"
        raise DataError(f"{what}: {only}; a search needs two classes or more")
    return tuple(map(str, names))


def numbered(
    labels: Iterable[object], classes: tuple[str, ...], name: Callable[[int], str]
) -> NDArray[np.int64]:
    """Labels as numbers from 0.

    Args:
        labels: Label of each image.
        classes: Names of the classes.
        name: Function that names an image by its index, for an error message.

    Raises:
        DataError: a label that no training image has, by the image's name.
    """
    known = {each: number for number, each in enumerate(classes)}
    found = []
    for index, label in enumerate(labels):
        if str(label) not in known:
            raise DataError(f"{name(index)}: label {label!r} is not among the training images")
        found.append(known[str(label)])
    return np.array(found, dtype=np.int64)


def _from_lists(
    labels: Mapping[str, RawLabels], names: Mapping[str, Callable[[int], str]], what: str
) -> Settled:
    """`settle_labels` where images have several labels in lists."""
    classes = class_names((each for row in labels["train"] for each in row), what)
    numbers: dict[str, Labels] = {}
    for split, rows in labels.items():
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        of_image = np.repeat(np.arange(len(rows)), lengths)

        def name(index: int, split: str = split, of: NDArray[np.int64] = of_image) -> str:
            return names[split](int(of[index]))

        columns = numbered((each for row in rows for each in row), classes, name)
        _check_size(len(rows), len(classes), what)
        hot = np.zeros((len(rows), len(classes)), dtype=np.uint8)
        hot[of_image, columns] = 1
        numbers[split] = hot
    return Settled(numbers, classes)


def _from_matrices(matrices: Mapping[str, NDArray[np.uint8]], what: str) -> Settled:
    """`settle_labels` where images have several labels in rows of zeros and ones."""
    width = matrices["train"].shape[1]
    _check_size(max(map(len, matrices.values())), width, what)
    return Settled(dict(matrices), tuple(map(str, range(width))))


def _matrices(labels: Mapping[str, RawLabels], what: str) -> dict[str, NDArray[np.uint8]] | None:
    """Labels that are rows of zeros and ones; None if they are not."""
    arrays = {split: each for split, each in labels.items() if isinstance(each, np.ndarray)}
    if arrays and len(arrays) == len(labels):
        return {split: each.astype(np.uint8) for split, each in arrays.items()}
    if arrays:
        raise DataError(f"{what}: some labels are rows of zeros and ones and others are not")
    rows = [row for split in labels.values() for row in split]
    if not _are_multi_hot(rows):
        if any(isinstance(each, float) for each in _flat(rows)):
            raise DataError(f"{what}: labels in lists are whole numbers or names, not fractions")
        return None
    return {split: np.array([*each]).astype(np.uint8) for split, each in labels.items()}


def _are_multi_hot(rows: Sequence[object]) -> bool:
    """Whether lists are rows of zeros and ones, not lists of the classes 0 and 1.

    All have one length then, and a number twice in some row, or fractions (0.0 and 1.0).
    """
    if not all(isinstance(row, list | tuple) for row in rows):
        return False
    lists: Sequence[Any] = rows
    if len({len(row) for row in lists}) != 1 or len(lists[0]) < 2:
        return False
    if not all(type(each) in (int, float) and each in (0, 1) for each in _flat(lists)):
        return False
    repeated = any(len(set(row)) < len(row) for row in lists)
    return repeated or any(isinstance(each, float) for each in _flat(lists))


def _flat(rows: Sequence[object]) -> Iterator[object]:
    return (each for row in rows if isinstance(row, list | tuple) for each in row)


def _check_size(images: int, classes: int, what: str) -> None:
    if images * classes > _MOST_BYTES:
        raise DataError(
            f"{what}: {images:,} images with {classes:,} different labels are too many; keep the "
            "commonest labels"
        )


def _listed(numbers: Iterable[int]) -> str:
    return " and ".join(map(str, sorted(numbers)))
