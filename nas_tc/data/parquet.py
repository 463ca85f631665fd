"""Parquet files with image bytes and labels, as on the Hugging Face hub."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nas_tc.data.decode import decode_images
from nas_tc.data.images import ImageData, Split, label_numbers, split_validation
from nas_tc.errors import DataError

if TYPE_CHECKING:
    import pyarrow

_IMAGE_COLUMNS = ("image", "img", "images")
_LABEL_COLUMNS = ("label", "labels", "fine_label", "class", "target")


@dataclass
class _Rows:
    """The rows of one split, over all of its files."""

    images: list[bytes] = field(default_factory=list)
    labels: list[object] = field(default_factory=list)
    origins: list[tuple[Path, int]] = field(default_factory=list)  # file and row

    def name(self, index: int) -> str:
        path, row = self.origins[index]
        return f"{path}, row {row}"


def load_parquet(folder: Path, side: tuple[int, int] | None, name: str) -> ImageData:
    """Images from `train*.parquet`, `test*.parquet` and, if there, `validation*.parquet`.

    One column, `image` or `img`, holds the images: bytes, or a struct with a field `bytes`; one,
    `label`, the classes. Without a validation file a tenth of the training images is held out.

    Args:
        folder: where the files are.
        side: height and width in pixels to scale to; None: those of the first image.
        name: of the data, for messages and records.

    Raises:
        DataError: a file or a column that is missing or broken, or an image, by file and row.
    """
    if not folder.is_dir():
        raise DataError(f"no folder {str(folder)!r}; parquet:DIR needs one with train.parquet")
    train = _read(folder, "train")
    test = _read(folder, "test")
    has_validation = any(folder.glob("validation*.parquet"))
    validation = _read(folder, "validation") if has_validation else None

    _, classes = label_numbers(train.labels, str(train.origins[0][0]))
    training = _decoded(train, classes, side)
    _, height, width, channels = training.images.shape
    testing = _decoded(test, classes, (height, width), channels)
    if validation is None:
        training, validating = split_validation(training)
    else:
        validating = _decoded(validation, classes, (height, width), channels)
    return ImageData(name, training, validating, testing, classes)


def _decoded(
    rows: _Rows, classes: tuple[str, ...], side: tuple[int, int] | None, channels: int | None = None
) -> Split:
    numbers = {each: number for number, each in enumerate(classes)}
    labels = np.empty(len(rows.labels), dtype=np.int64)
    for index, label in enumerate(rows.labels):
        if str(label) not in numbers:
            raise DataError(f"{rows.name(index)}: label {label!r} is not among the training images")
        labels[index] = numbers[str(label)]
    return Split(decode_images(rows.images, rows.name, side=side, channels=channels), labels)


def _read(folder: Path, split: str) -> _Rows:
    import pyarrow  # noqa: PLC0415 - slow to import
    import pyarrow.parquet  # noqa: PLC0415

    rows = _Rows()
    for path in sorted(folder.glob(f"{split}*.parquet")):
        try:
            table = pyarrow.parquet.read_table(path)
        except (OSError, pyarrow.ArrowException) as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"{path}: not a parquet file, or a broken one: {reason}") from None
        contents = table.column(_column(table, path, "image", _IMAGE_COLUMNS)).to_pylist()
        for row, content in enumerate(contents):
            rows.images.append(_bytes(content, path, row))
            rows.origins.append((path, row))
        labels = table.column(_column(table, path, "label", _LABEL_COLUMNS)).to_pylist()
        if None in labels:
            raise DataError(f"{path}, row {labels.index(None)}: the label is missing")
        rows.labels += labels
    if not rows.images:
        raise DataError(f"no images: {folder / split}.parquet is missing or empty")
    return rows


def _column(table: "pyarrow.Table", path: Path, what: str, names: tuple[str, ...]) -> str:
    for name in names:
        if name in table.column_names:
            return name
    raise DataError(
        f"{path}: no {what} column ({', '.join(names)}) among {', '.join(table.column_names)}"
    )


def _bytes(content: Any, path: Path, row: int) -> bytes:
    if isinstance(content, dict):
        content = content.get("bytes")
    if not isinstance(content, bytes) or not content:
        raise DataError(f"{path}, row {row}: the image is missing")
    return content
