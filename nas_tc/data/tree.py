"""What lies in a folder of images: the images, and what is left out and why."""

# Paths are strings, for sixty thousand Paths take longer to make than their files to read.
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
    """A folder that was looked through.

    Attributes:
        images: paths of image files in order, links to nothing among them.
        left_out: how many files or folders are not used, by what they are called.
    """

    images: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def look_through(folder: Path, tree: Tree | None = None) -> Tree:
    """All that lies in a folder and below, behind links too.

    Args:
        folder: where to begin.
        tree: what is found is added to it; None: to a new one.

    Raises:
        DataError: a folder that cannot be read, or that holds a link to itself, by name.
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
    """Names of the folders in a folder, those of other programs excepted.

    Args:
        folder: Folder to look in.
        left_out: Counts of what is left out, added to.

    Raises:
        DataError: a folder that cannot be read.
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
    """Counts the files in a folder whose folders alone are read."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                image = ending(entry.name) in SUFFIXES and entry.name[0] != "."
                left_out["images outside of all classes" if image else _kind(entry.name)] += 1


def left_out_line(left_out: Counter[str]) -> list[str]:
    """One line that names and counts what is seen and not used; none if nothing is."""
    if not left_out:
        return []
    counts = ", ".join(f"{count:,} {what}" for what, count in left_out.most_common(8))
    more = sum(left_out.values()) - sum(count for _, count in left_out.most_common(8))
    return [f"left out: {counts}{f' and {more:,} more' if more else ''}"]


def ending(name: str) -> str:
    """A file's ending in small letters."""
    return os.path.splitext(name)[1].lower()


def stem(path: str) -> str:
    """A path without its ending."""
    return os.path.splitext(path)[0]


def _look(folder: str, tree: Tree, above: tuple[tuple[int, int], ...]) -> None:
    """`look_through` without order; `above` are the folders that this one lies in."""
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
    """What to call a file or folder that is hidden or of another program; "" if it is neither."""
    if name.startswith("."):
        return "hidden"
    return name if name.lower() in _OF_OTHER_PROGRAMS else ""


def _kind(name: str) -> str:
    """What to call a file that is no image: its ending."""
    return _foreign(name) or ending(name) or "files without an ending"
