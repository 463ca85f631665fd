"""Parquet files with image bytes and labels, as on the Hugging Face hub."""

from pathlib import Path

import numpy as np

from nas_tc.data.images import label_numbers
from nas_tc.data.plan import Plan, check_labels, numbered, planned
from nas_tc.data.sources import ParquetRows
from nas_tc.errors import DataError, reason

IMAGE_COLUMNS = ("image", "img", "images")
LABEL_COLUMNS = ("label", "labels", "fine_label", "class", "target")


def plan_parquet(folder: Path, name: str) -> Plan:
    """The images in `train*.parquet`, `test*.parquet` and perhaps `validation*.parquet`.

    One column, `image` or `img`, holds the images: bytes, or a struct with a field `bytes`. Another
    one, `label`, holds the classes. Without a validation file a tenth of the training images is
    held out.

    Args:
        folder: Folder of the files.
        name: Name of the data set, for messages and records.

    Raises:
        DataError: A file or a column is missing or broken, or a label is. The message names file
            and row.
    """
    if not folder.is_dir():
        raise DataError(f"no folder {str(folder)!r}; parquet:DIR needs one with train.parquet")
    rows, labels = _read(folder, "train")
    test = _read(folder, "test")
    has_validation = any(folder.glob("validation*.parquet"))
    validation = _read(folder, "validation") if has_validation else None
    _, classes = label_numbers(labels, str(rows.files[0][0]))
    return planned(
        name,
        numbered(rows, labels, classes),
        None if validation is None else numbered(*validation, classes),
        numbered(*test, classes),
        classes,
    )


def column(names: list[str], place: str, what: str, known: tuple[str, ...]) -> str:
    """The first of the `known` columns that is among `names`.

    Args:
        names: Names of the file's columns.
        place: Path of the file, for an error message.
        what: Content of the column, for an error message.
        known: Names to look for, the preferred one first.

    Raises:
        DataError: The file has none of these columns.
    """
    for name in known:
        if name in names:
            return name
    raise DataError(f"{place}: no {what} column ({', '.join(known)}) among {', '.join(names)}")


def _read(folder: Path, split: str) -> tuple[ParquetRows, list[object]]:
    """The encoded images of a split, still in their files, and its labels, in memory."""
    import pyarrow  # noqa: PLC0415 - slow to import
    import pyarrow.parquet  # noqa: PLC0415

    files: list[tuple[Path, str, int]] = []
    labels: list[object] = []
    for path in sorted(folder.glob(f"{split}*.parquet")):
        try:
            with pyarrow.parquet.ParquetFile(path) as file:
                names = file.schema_arrow.names
                images = column(names, str(path), "image", IMAGE_COLUMNS)
                label = column(names, str(path), "label", LABEL_COLUMNS)
                found = file.read([label]).column(0).to_pylist()
        except (OSError, pyarrow.ArrowException) as error:
            raise DataError(
                f"{path}: not a parquet file, or a broken one: {reason(error)}"
            ) from None
        check_labels(found, str(path))
        files.append((path, images, len(found)))
        labels += found
    if not labels:
        raise DataError(f"no images: {folder / split}.parquet is missing or empty")
    return ParquetRows(tuple(files), np.arange(len(labels))), labels
