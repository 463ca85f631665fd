"""Finds the image files below a folder, and counts the files and folders that are left out."""

# Paths are strings: making sixty thousand `Path`s takes longer than reading the files.
# ruff: noqa: PTH116, PTH122, PTH206

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import features

from nas_tc.errors import DataError, reason

_OF_OTHER_PROGRAMS = {"@eadir", "__macosx", "lost+found", "$recycle.bin", "#recycle"}
_NOT_READ = {".avif"} if not features.check("avif") else set()
SUFFIXES = (
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".avif"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".jp2"}
) - _NOT_READ


@dataclass
class Tree:
    """The image files below a folder.

    Attributes:
        images: Paths of the image files, sorted; broken links are among them.
        left_out: Number of files and folders that are not used, by kind: "hidden", ".txt".
    """

    images: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def look_through(folder: Path, tree: Tree | None = None) -> Tree:
    """The image files in a folder and in all folders below it; links are followed.

    Args:
        folder: Folder to search.
        tree: Tree that the files are added to; None: a new one.

    Raises:
        DataError: A folder cannot be read, or contains a link to itself. The message names it.
    """
    tree = Tree() if tree is None else tree
    start = len(tree.images)
    try:
        _look(os.fspath(folder), tree, ())
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be read: {reason(error)}") from None
    tree.images[start:] = sorted(tree.images[start:], key=lambda path: path.split(os.sep))
    return tree


def subfolders(folder: Path, left_out: Counter[str]) -> list[str]:
    """Names of the folders in a folder, without hidden ones and those of other programs.

    Args:
        folder: Folder to search.
        left_out: Counter that the folders left out are added to.

    Raises:
        DataError: The folder cannot be read.
    """
    names = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    if called := _foreign(entry.name):
                        left_out[called] += 1
                    else:
                        names.append(entry.name)
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be read: {reason(error)}") from None
    return sorted(names)


def loose_files(folder: Path, left_out: Counter[str]) -> None:
    """Adds the files directly in a folder to `left_out`, where only its subfolders are read."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                image = ending(entry.name) in SUFFIXES and entry.name[0] != "."
                left_out["images outside of all classes" if image else _kind(entry.name)] += 1


def left_out_line(left_out: Counter[str]) -> list[str]:
    """One line that names and counts the kinds that are left out; empty if there are none."""
    if not left_out:
        return []
    counts = ", ".join(f"{count:,} {what}" for what, count in left_out.most_common(8))
    more = sum(left_out.values()) - sum(count for _, count in left_out.most_common(8))
    return [f"left out: {counts}{f' and {more:,} more' if more else ''}"]


def ending(name: str) -> str:
    """The suffix of a file name in lower case: ".png"."""
    return os.path.splitext(name)[1].lower()


def stem(path: str) -> str:
    """A path without its suffix."""
    return os.path.splitext(path)[0]


def _look(folder: str, tree: Tree, above: tuple[tuple[int, int], ...]) -> None:
    """`look_through` without sorting; `above` has device and inode of each folder above."""
    status = os.stat(folder)
    here = (status.st_dev, status.st_ino)
    if here in above:
        raise DataError(f"{folder}: a link to a folder that it lies in; remove it")
    for entry in _entries(folder):
        if called := _foreign(entry.name):
            tree.left_out[called] += 1
        elif entry.is_dir():
            _look(entry.path, tree, (*above, here))
        elif ending(entry.name) in SUFFIXES:
            tree.images.append(entry.path)
        else:
            tree.left_out[_kind(entry.name)] += 1


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from entries


def _foreign(name: str) -> str:
    """Kind of a file or folder that is hidden or of another program; "" if it is neither."""
    if name.startswith("."):
        return "hidden"
    return name if name.lower() in _OF_OTHER_PROGRAMS else ""


def _kind(name: str) -> str:
    """Kind of a file that is no image, by its suffix."""
    return _foreign(name) or ending(name) or "files without an ending"
