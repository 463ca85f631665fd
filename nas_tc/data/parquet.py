"""Parquet files with image bytes and labels, as on the Hugging Face hub."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nas_tc.data.labels import check_labels
from nas_tc.data.plan import Plan, plan_labelled
from nas_tc.data.sources import ParquetRows
from nas_tc.data.tree import left_out_line
from nas_tc.errors import DataError, reason

IMAGE_COLUMNS = ("image", "img", "images")
_VALIDATION_NAMES = ("validation", "valid", "val", "dev")
_SHARD = re.compile(
    r"(?i:(?P<split>train|test|validation|valid|val|dev)"
    r"([-_.]?(part[-_.]?)?\d+)?(-of-(?P<total>\d+))?(-[0-9a-f]{8,})?)\.parquet"
)
LABEL_COLUMNS = ("label", "labels", "fine_label", "class", "target")


def plan_parquet(folder: Path, name: str) -> Plan:
    """The images in `train*.parquet`, `test*.parquet` and `validation*.parquet`.

    What follows the split's name is a number, as in `train-00000-of-00002.parquet`, or nothing.
    With validation images but no test images, those are the test set; what is missing is held out.
    One column, `image` or `img`, holds the images: bytes, or a struct with a field `bytes`; one,
    `label`, the classes, whose names a file of the hub's has: one for each image, or a list. The
    files may lie in `DIR/data`.

    Args:
        folder: Folder of the files.
        name: Name of the data set, for messages and records.

    Raises:
        DataError: A file or a column is missing or broken, or a label is. The message names file
            and row.
    """
    if not folder.is_dir():
        raise DataError(f"no folder {str(folder)!r}; parquet:DIR needs one with train.parquet")
    left_out: Counter[str] = Counter()
    folder, remarks = _where(folder)
    found = {
        split: part
        for split, paths in _shards(folder, left_out).items()
        if (part := _read(paths)) is not None
    }
    if "train" not in found:
        seen = "".join(f"; {each}" for each in left_out_line(left_out))
        raise DataError(f"no images: {folder / 'train'}.parquet is missing or empty{seen}")
    train = found["train"]
    held_out = [found[split] for split in ("test", "validation") if split in found]
    parts = [(each.rows, _as_in(train, each)) for each in held_out]
    return plan_labelled(
        name,
        {
            "train": (train.rows, train.labels),
            "validation": parts[1] if len(parts) > 1 else None,
            "test": parts[0] if parts else None,
        },
        str(train.rows.files[0][0]),
        [*remarks, *left_out_line(left_out)],
        lambda value: _class_name(value, train.names),
    )


@dataclass(frozen=True)
class _Labelled:
    """A split: where its images are, its labels, and the names of the numbers among them."""

    rows: ParquetRows
    labels: list[object]
    names: tuple[str, ...]


def _where(folder: Path) -> tuple[Path, list[str]]:
    """The folder or, where that has no parquet files, the folder `data` in it."""
    inner = folder / "data"
    if any(folder.glob("*.parquet")) or not any(inner.glob("*.parquet")):
        return folder, []
    return inner, [f"read from {inner}"]


def _shards(folder: Path, left_out: Counter[str]) -> dict[str, list[Path]]:
    """The files of each split, in order.

    Raises:
        DataError: one of several that belong together is missing.
    """
    found: dict[str, list[Path]] = {"train": [], "validation": [], "test": []}
    totals: dict[str, Counter[int]] = {split: Counter() for split in found}
    for path in sorted(folder.iterdir()):
        match = _SHARD.fullmatch(path.name)
        if match is None:
            own = path.suffix == ".parquet" or path.is_dir()
            left_out[path.name if own else path.suffix or path.name] += 1
            continue
        split = match["split"].lower()
        split = "validation" if split in _VALIDATION_NAMES else split
        found[split].append(path)
        if match["total"]:
            totals[split][int(match["total"])] += 1
    for split, counts in totals.items():
        for total, there in counts.items():
            if there != total:
                raise DataError(
                    f"{folder}: {there} of the {total} files {split}-*-of-{total:05}.parquet are "
                    "there; fetch the others"
                )
    return found


def _as_in(train: _Labelled, other: _Labelled) -> list[object]:
    """Labels of another split, numbered as those of training by the names of the classes.

    Raises:
        DataError: a class that training does not know.
    """
    if not (train.names and other.names) or train.names == other.names:
        return other.labels
    numbers = {name: number for number, name in enumerate(train.names)}
    if unknown_names := [name for name in other.names if name not in numbers]:
        raise DataError(
            f"{other.rows.files[0][0]}: the class {unknown_names[0]!r} is not among the training "
            "images"
        )

    def as_in_training(label: object) -> object:
        if isinstance(label, list):
            return [as_in_training(each) for each in label]
        return numbers[other.names[label]] if isinstance(label, int) else label

    return [as_in_training(each) for each in other.labels]


def _class_name(value: str, names: tuple[str, ...]) -> str:
    """What the file calls the class of a number."""
    return names[int(value)] if value.isdigit() and int(value) < len(names) else value


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


def _read(paths: list[Path]) -> _Labelled | None:
    """Where the images of a split are, and its labels, which are in memory; None without any."""
    import pyarrow  # noqa: PLC0415 - slow to import
    import pyarrow.parquet  # noqa: PLC0415

    files: list[tuple[Path, str, int]] = []
    labels: list[object] = []
    names: tuple[str, ...] = ()
    for path in paths:
        try:
            with pyarrow.parquet.ParquetFile(path) as file:
                columns = file.schema_arrow.names
                images = column(columns, str(path), "image", IMAGE_COLUMNS)
                label = column(columns, str(path), "label", LABEL_COLUMNS)
                found = file.read([label]).column(0).to_pylist()
                here = _names(file.schema_arrow.metadata, label)
        except (OSError, pyarrow.ArrowException) as error:
            raise DataError(
                f"{path}: not a parquet file, or a broken one: {reason(error)}"
            ) from None
        check_labels(found, str(path))
        if files and here != names:
            raise DataError(f"{path}: its schema names other classes than {files[0][0]}")
        files.append((path, images, len(found)))
        labels += found
        names = here
    return (
        _Labelled(ParquetRows(tuple(files), np.arange(len(labels))), labels, names)
        if labels
        else None
    )


def _names(metadata: dict[bytes, bytes] | None, label: str) -> tuple[str, ...]:
    """Names of the classes as the library `datasets` leaves them in a schema; () if it has none."""
    try:
        feature = json.loads((metadata or {})[b"huggingface"])["info"]["features"][label]
        if isinstance(feature, list):  # how its first versions wrote lists
            feature = feature[0]
        return tuple(map(str, feature.get("feature", feature)["names"]))
    except (AttributeError, LookupError, TypeError, ValueError):
        return ()
