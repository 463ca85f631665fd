"""Image files in a folder a class, as torchvision and the Hugging Face hub read them."""

from pathlib import Path

import numpy as np

from nas_tc.data.plan import Part, Plan, planned
from nas_tc.data.sources import Files
from nas_tc.errors import DataError

_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
_LOOKS_LIKE_A_SPLIT = {"train", "training", "test", "testing", "val", "valid", "validation"}
_VALIDATION_NAMES = ("validation", "valid", "val")


def plan_imagefolder(folder: Path, name: str) -> Plan:
    """The images in `DIR/class/*`, or in `DIR/train/class/*` beside `test` and `val`.

    Of one tree a fifth is for testing and a tenth of the rest for validation. With `train` and
    `test` alone a tenth of `train` is for validation. With `train` and `val` alone, as in ImageNet,
    `val` is the test set, so that nothing is chosen by it.

    Args:
        folder: Root of the tree.
        name: Name of the data set, for messages and records.

    Raises:
        DataError: There are no images, or a split lacks a class. The message has the path.
    """
    if not folder.is_dir():
        raise DataError(
            f"no folder {str(folder)!r}; imagefolder:DIR needs one with a folder a class"
        )
    if not (folder / "train").is_dir():
        classes = _classes(folder)
        return planned(name, _part(folder, classes), None, None, classes)

    classes = _classes(folder / "train")
    train = _part(folder / "train", classes)
    others = [
        _part(folder / each, classes)
        for each in ("test", *_VALIDATION_NAMES)
        if (folder / each).is_dir()
    ]
    if not others:
        raise DataError(f"{folder}: there is train/ but neither test/ nor val/")
    return planned(name, train, others[1] if len(others) > 1 else None, others[0], classes)


def _classes(folder: Path) -> tuple[str, ...]:
    names = tuple(sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name[0] != "."))
    if splits := [name for name in names if name.lower() in _LOOKS_LIKE_A_SPLIT]:
        raise DataError(
            f"{folder / splits[0]}: is this a class? folders of splits are called train and test "
            "(or val); rename it if it is a split, or a class of that name"
        )
    if len(names) < 2:
        raise DataError(
            f"{folder}: needs a folder for each of two classes or more, not {len(names)}"
        )
    return names


def _part(folder: Path, classes: tuple[str, ...]) -> Part:
    numbers = {each: number for number, each in enumerate(classes)}
    if extra := sorted(set(_classes(folder)) - set(numbers)):
        raise DataError(
            f"{folder / extra[0]}: the class {extra[0]!r} is not among the training images"
        )
    paths: list[Path] = []
    labels: list[int] = []
    for name, number in numbers.items():
        found = sorted(path for path in (folder / name).rglob("*") if _is_image(path, folder))
        if not found:
            raise DataError(f"{folder / name}: no images ({', '.join(sorted(_SUFFIXES))})")
        paths += found
        labels += [number] * len(found)
    return Part(Files(paths), np.array(labels, dtype=np.int64))


def _is_image(path: Path, root: Path) -> bool:
    """Whether a path is an image file; hidden files and folders below `root` do not count."""
    hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
    return path.suffix.lower() in _SUFFIXES and not hidden and path.is_file()
