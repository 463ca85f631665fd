"""Tables of images and their labels: CSV files, and JSON lines as the Hugging Face hub has them."""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas_tc.data.labels import may_be_listed
from nas_tc.data.parquet import LABEL_COLUMNS
from nas_tc.errors import DataError, reason

METADATA = ("metadata.csv", "metadata.jsonl")
PATH_COLUMNS = ("file_name", "path", "file", "filename", "image", "img")
SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_MOST_BYTES = 2**28  # of a table: some millions of rows
_WHOLE = re.compile(r"0|-?[1-9]\d*")


@dataclass(frozen=True, slots=True)
class Row:
    """One image of a table.

    Attributes:
        place: File and line, for error messages.
        path: Path of the image, as the table has it.
        label: Label of the image, or a tuple of its labels.
        split: Split as the table calls it; None if it has no such column.
    """

    place: str
    path: str
    label: object
    split: str | None


def read_table(file: Path, separator: str | None = None) -> list[Row]:
    """The rows of a table, in order.

    A table has a column of paths (`file_name`, `path` and so on), one of labels (`label` and so on)
    and perhaps a column `split`. In a CSV file the first line names the columns; commas, semicolons
    or tabs separate them. Labels that are whole numbers in all rows are read as numbers.

    Args:
        file: A CSV file, or one of JSON lines if its name ends in .jsonl.
        separator: What separates the labels of an image in a field; None: a field is a label. JSON
            has lists of its own.

    Raises:
        DataError: The file cannot be read, or lacks a column or rows. The message names the line.
    """
    try:
        size = file.stat().st_size
        if size > _MOST_BYTES:
            raise DataError(
                f"{file}: {size:,} bytes are more than a table of labels may have, {_MOST_BYTES:,}"
            )
        with file.open(encoding="utf-8-sig", newline="") as lines:
            values = _json_lines if file.suffix.lower() == ".jsonl" else _csv_lines
            rows = list(_rows(file, values(file, lines), separator))
    except UnicodeDecodeError:
        raise DataError(f"{file}: not UTF-8; save the table as UTF-8") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {reason(error)}") from None
    if not rows:
        raise DataError(f"{file}: the table has no rows")
    return rows


def has_labels(file: Path) -> bool:
    """Whether a table has a column of labels; others hold captions, boxes and the like.

    Args:
        file: As for `read_table`.

    Raises:
        DataError: As for `read_table`, but by the first row alone.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            values = _json_lines if file.suffix.lower() == ".jsonl" else _csv_lines
            _, first = next(values(file, lines), (0, {}))
    except UnicodeDecodeError:
        raise DataError(f"{file}: not UTF-8; save the table as UTF-8") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {reason(error)}") from None
    return any(name in first for name in LABEL_COLUMNS)


def _rows(
    file: Path, lines: Iterator[tuple[int, dict[str, Any]]], separator: str | None
) -> Iterator[Row]:
    """The rows of a table from the fields of its lines."""
    found = []
    columns: tuple[str, str] | None = None
    for number, fields in lines:
        place = f"{file}, line {number}"
        if columns is None:
            columns = (
                _column(fields, file, "path", PATH_COLUMNS),
                _column(fields, file, "label", LABEL_COLUMNS),
            )
        path, label = (fields.get(each) for each in columns)
        if not isinstance(path, str) or not path.strip():
            raise DataError(f"{place}: the path of the image is missing ({columns[0]})")
        if "\0" in path:
            raise DataError(f"{place}: the path {path!r} has a zero byte, which no path can have")
        label = _label(label, separator, f"{place}: the label of {path!r}", columns[1])
        split = fields.get("split")
        if split is not None and str(split).strip().lower() not in SPLITS:
            raise DataError(
                f"{place}: split {split!r} is unknown; known: train, validation (valid, val, dev) "
                "and test"
            )
        name = None if split is None else SPLITS[str(split).strip().lower()]
        found.append(Row(place, path.strip(), label, name))
    labels = [each for row in found for each in _each(row.label)]
    if all(isinstance(each, str) and _WHOLE.fullmatch(each.strip()) for each in labels):
        found = [Row(row.place, row.path, _whole(row.label), row.split) for row in found]
    yield from found


def _label(label: object, separator: str | None, what: str, column: str) -> object:
    """The label of a row: a name or a number, or a tuple of these.

    Raises:
        DataError: It is missing or of another kind.
    """
    if separator is not None and isinstance(label, str):
        parts = (part.strip() for part in label.split(separator))
        label = [part for part in parts if part]
    if isinstance(label, list):
        if wrong := [each for each in label if not may_be_listed(each)]:
            raise DataError(f"{what} has {wrong[0]!r} in its list; needs whole numbers or names")
        return tuple(label)
    if isinstance(label, dict | float):
        raise DataError(f"{what} is {label!r}; needs a whole number, a name or a list of these")
    if label is None or not str(label).strip():
        raise DataError(f"{what} is missing ({column})")
    return label


def _each(label: object) -> tuple[object, ...]:
    return label if isinstance(label, tuple) else (label,)


def _whole(label: object) -> object:
    """Digits as whole numbers."""
    return tuple(map(_whole, label)) if isinstance(label, tuple) else int(str(label))


def _column(fields: dict[str, Any], file: Path, what: str, known: tuple[str, ...]) -> str:
    for name in known:
        if name in fields:
            return name
    names = ", ".join(map(str, fields))
    raise DataError(
        f"{file}: no {what} column ({', '.join(known)}) among {names}; "
        "the first line must name the columns"
    )


def _csv_lines(file: Path, lines: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and fields of each row of a CSV file."""
    first = lines.readline()
    separator = max(",;\t", key=first.count)
    names = [name.strip() for name in next(csv.reader([first], delimiter=separator), [])]
    if twice := [name for name in names if names.count(name) > 1]:
        raise DataError(f"{file}: the column {twice[0]!r} is there twice")
    reader = csv.reader(lines, delimiter=separator)
    try:
        for row in reader:
            if not any(field.strip() for field in row):
                continue
            if len(row) != len(names):
                raise DataError(
                    f"{file}, line {reader.line_num + 1}: {len(row)} fields, but {len(names)} "
                    "columns"
                )
            yield reader.line_num + 1, dict(zip(names, row, strict=True))
    except csv.Error as error:
        raise DataError(f"{file}, line {reader.line_num + 1}: not CSV: {error}") from None


def _json_lines(file: Path, lines: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and fields of each line of a file of JSON objects."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            raise DataError(f"{file}, line {number}: not JSON") from None
        if not isinstance(fields, dict):
            raise DataError(f"{file}, line {number}: not a JSON object with names and values")
        yield number, fields
