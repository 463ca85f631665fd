"""Encoded images with labels, split by split: what parquet files and the hub have in common."""

from dataclasses import dataclass, field
from numbers import Integral

import numpy as np

from nas_tc.data.decode import Decoding, decode_images
from nas_tc.data.images import ImageData, Split, label_numbers, split_validation
from nas_tc.errors import DataError

IMAGE_COLUMNS = ("image", "img", "images")
LABEL_COLUMNS = ("label", "labels", "fine_label", "class", "target")


@dataclass
class Rows:
    """The rows of one split, over all of its files."""

    images: list[bytes] = field(default_factory=list)
    labels: list[object] = field(default_factory=list)
    origins: list[tuple[str, int]] = field(default_factory=list)  # file and row

    def name(self, index: int) -> str:
        """How to call a row in an error."""
        place, row = self.origins[index]
        return f"{place}, row {row}"

    def add(self, contents: list[object], labels: list[object], place: str) -> None:
        """Takes in the rows of one file.

        Raises:
            DataError: an image or a label that is missing, by file and row.
        """
        for row, content in enumerate(contents):
            encoded = content.get("bytes") if isinstance(content, dict) else content
            if not isinstance(encoded, bytes) or not encoded:
                raise DataError(f"{place}, row {row}: the image is missing")
            self.images.append(encoded)
            self.origins.append((place, row))
        for row, label in enumerate(labels):
            if label is None:
                raise DataError(f"{place}, row {row}: the label is missing")
            if not isinstance(label, Integral | str):
                raise DataError(
                    f"{place}, row {row}: a label is a whole number or a name, not {label!r}"
                )
        self.labels += labels


def column(names: list[str], place: str, what: str, known: tuple[str, ...]) -> str:
    """The first of the `known` columns that is among `names`.

    Raises:
        DataError: none of them is.
    """
    for name in known:
        if name in names:
            return name
    raise DataError(f"{place}: no {what} column ({', '.join(known)}) among {', '.join(names)}")


def rows_to_data(
    name: str,
    train: Rows,
    validation: Rows | None,
    test: Rows,
    side: tuple[int, int] | None,
    decoding: Decoding,
) -> ImageData:
    """Decoded images; without validation rows a tenth of the training images is held out.

    Raises:
        DataError: a label that no training image has, or a broken image, by file and row.
    """
    _, classes = label_numbers(train.labels, train.origins[0][0])
    training = _decoded(train, classes, side, None, decoding)
    _, height, width, channels = training.images.shape
    testing = _decoded(test, classes, (height, width), channels, decoding)
    if validation is None:
        training, validating = split_validation(training)
    else:
        validating = _decoded(validation, classes, (height, width), channels, decoding)
    return ImageData(name, training, validating, testing, classes)


def _decoded(
    rows: Rows,
    classes: tuple[str, ...],
    side: tuple[int, int] | None,
    channels: int | None,
    decoding: Decoding,
) -> Split:
    numbers = {each: number for number, each in enumerate(classes)}
    labels = np.empty(len(rows.labels), dtype=np.int64)
    for index, label in enumerate(rows.labels):
        if str(label) not in numbers:
            raise DataError(f"{rows.name(index)}: label {label!r} is not among the training images")
        labels[index] = numbers[str(label)]
    images = decode_images(rows.images, rows.name, side=side, channels=channels, decoding=decoding)
    return Split(images, labels)
