"""Image files whose labels are in a table: `csv:FILE`, or `metadata.csv` in an image folder."""

# Paths are strings: making sixty thousand `Path`s takes longer than reading the files.
# ruff: noqa: PTH118

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from nas_tc.data.label_table import METADATA, SPLITS, Row, has_labels, read_table
from nas_tc.data.plan import Plan, plan_labelled
from nas_tc.data.sources import Files
from nas_tc.data.tree import left_out_line, look_through, subfolders
from nas_tc.errors import DataError


def plan_csv(
    file: Path, name: str, *, separator: str | None = None, is_lenient: bool = False
) -> Plan:
    """The images that a table names, with its labels; see `read_table`.

    Paths are relative to the table's folder, or absolute. A column `split` tells the images of
    training, validation and test apart, or else folders at the beginning of all paths
    (`train/1.png`); without either, images are held out.

    Args:
        file: Path of the table.
        name: Name of the data set, for messages and records.
        separator: As for `read_table`.
        is_lenient: Whether missing images are planned like others, to be found broken later.

    Raises:
        DataError: An image or a column is missing, or an image is there twice with two labels. The
            message names file and line.
    """
    if not file.is_file():
        raise DataError(
            f"no file {str(file)!r}; csv:FILE needs a table with columns of paths and labels"
        )
    rows = _once(file.parent, read_table(file, separator), is_lenient=is_lenient)
    return _planned(name, rows, _several_hint(rows.values()))


def metadata_files(folder: Path) -> list[Path]:
    """The tables of labels in an image folder: its own or, without one, those of its splits.

    Args:
        folder: Root of the tree.

    Raises:
        DataError: A folder has two tables, or a split with images lacks one.
    """
    for place in (folder, *_only(folder)):
        if own := _table(place):
            return [own]
        splits = [place / each for each in _split_folders(place)]
        tables = [table for each in splits if (table := _table(each))]
        if tables and len(tables) < len(splits):
            without = next(each for each in splits if not _table(each))
            raise DataError(f"{without}: no {METADATA[0]}, but {tables[0]} is there")
        if tables:
            return tables
    return []


def plan_metadata(
    folder: Path,
    tables: Sequence[Path],
    name: str,
    *,
    separator: str | None = None,
    is_lenient: bool = False,
) -> Plan:
    """The images of a folder whose labels are in tables, as the Hugging Face hub has them.

    Args:
        folder: Root of the tree.
        tables: Tables, from `metadata_files`: one, or one in each folder of a split.
        name: Name of the data set, for messages and records.
        separator: As for `plan_csv`.
        is_lenient: As for `plan_csv`.

    Raises:
        DataError: As for `plan_csv`, or an image is outside of its table's folder.
    """
    rows: dict[str, Row] = {}
    for table in tables:
        read = read_table(table, separator)
        found = _once(table.parent, read, inside=True, is_lenient=is_lenient)
        if len(tables) > 1:  # the folder is the split, whatever the table says
            split = SPLITS[table.parent.name.lower()]
            found = {p: Row(r.place, r.path, r.label, split) for p, r in found.items()}
        rows |= found
    tree = look_through(folder)
    tree.left_out.subtract(Counter(table.suffix for table in tables))
    if unnamed := sum(os.path.normpath(path) not in rows for path in tree.images):
        tree.left_out[f"images that {tables[0].name} does not name"] = unnamed
    remarks = [f"labels are from {', '.join(map(str, tables))}", *left_out_line(+tree.left_out)]
    return _planned(name, rows, [*remarks, *_several_hint(rows.values())])


def image_paths(file: Path, separator: str | None = None) -> list[str]:
    """Paths of all images that a table names; those that are missing are among them.

    Args:
        file: Path of the table.
        separator: As for `read_table`.

    Raises:
        DataError: As for `read_table`.
    """
    folder = os.fspath(file.parent)
    return [os.path.normpath(os.path.join(folder, row.path)) for row in read_table(file, separator)]


def _planned(name: str, rows: dict[str, Row], remarks: Iterable[str]) -> Plan:
    """The plan for images by path."""
    splits = _splits(rows)
    if "train" not in splits:
        raise DataError(f"{name}: no row is of the split train")
    parts = {
        split: (Files([Path(path) for path in paths]), [rows[path].label for path in paths])
        for split, paths in splits.items()
    }
    if "test" not in parts and "validation" in parts:
        parts["test"] = parts.pop("validation")  # nothing is chosen by the images that test
    return plan_labelled(name, parts, name, list(remarks))


def _several_hint(rows: Iterable[Row]) -> list[str]:
    """A line that fields of a table seem to hold several labels each."""
    labels = [row.label for row in rows]
    for sign, word in (("|", "pipe"), (";", "semicolon")):
        count = sum(isinstance(label, str) and sign in label for label in labels)
        if 2 * count > len(labels):
            return [
                f"{count:,} labels have a {sign!r}; if each is several labels, write "
                f",separator={word} after the path"
            ]
    return []


def _splits(rows: dict[str, Row]) -> dict[str, list[str]]:
    """Paths by split; all are of "train" if nothing tells them apart."""
    names: dict[str, str] = {}
    for path, row in rows.items():
        first = row.path.replace("\\", "/").removeprefix("./").partition("/")[0].lower()
        names[path] = row.split or SPLITS.get(first, "")
    if not all(names.values()):
        if missing := next((row for row in rows.values() if row.split), None):
            without = next(row for path, row in rows.items() if not names[path])
            raise DataError(f"{without.place}: no split, but {missing.place} has one")
        names = dict.fromkeys(rows, "train")
    found: dict[str, list[str]] = {}
    for path in rows:
        found.setdefault(names[path], []).append(path)
    return found


def _once(
    folder: Path, rows: list[Row], *, inside: bool = False, is_lenient: bool = False
) -> dict[str, Row]:
    """Rows by the path of their image.

    Args:
        folder: Folder that paths are relative to.
        rows: Rows of one table.
        inside: Whether images outside of the folder are refused.
        is_lenient: Whether missing images are let pass.

    Raises:
        DataError: An image is missing or outside, or is there with another label or split, too.
    """
    found: dict[str, Row] = {}
    missing: list[Row] = []
    root = os.path.normpath(folder)
    for row in rows:
        path = os.path.normpath(os.path.join(root, row.path))
        if inside and root != "." and not path.startswith(root + os.sep):
            raise DataError(f"{row.place}: {row.path!r} is outside of {folder}")
        before = found.setdefault(path, row)
        if (before.label, before.split) != (row.label, row.split):
            what = "label" if before.label != row.label else "split"
            one, other = getattr(before, what), getattr(row, what)
            raise DataError(
                f"{row.place}: {row.path!r} has the {what} {other!r}, but {one!r} in "
                f"{before.place.rpartition(', ')[2]}"
            )
        if before is row and not os.path.lexists(path):
            missing.append(row)
    if missing and not is_lenient:
        ending = "" if any("." in row.path for row in missing) else "; names lack their ending"
        raise DataError(
            f"{missing[0].place}: no file {missing[0].path!r} in {folder}; {len(missing):,} of "
            f"{len(found):,} images are missing{ending}"
        )
    return found


def _table(folder: Path) -> Path | None:
    """The table of labels in a folder; None without one, or if it has no labels."""
    found = [folder / each for each in METADATA if (folder / each).is_file()]
    if len(found) > 1:
        raise DataError(f"{folder}: there are {METADATA[0]} and {METADATA[1]}; keep one of them")
    return found[0] if found and has_labels(found[0]) else None


def _split_folders(folder: Path) -> list[str]:
    return [name for name in subfolders(folder, Counter()) if name.lower() in SPLITS]


def _only(folder: Path) -> list[Path]:
    """The only folder in a folder; none if there are several."""
    names = subfolders(folder, Counter())
    return [folder / names[0]] if len(names) == 1 else []
