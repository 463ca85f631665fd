"""Image files in a folder a class, as torchvision and the Hugging Face hub read them."""

import os
import re
from collections import Counter
from itertools import groupby
from pathlib import Path

import numpy as np

from nas_tc.data.label_table import METADATA
from nas_tc.data.labelled import metadata_files, plan_metadata
from nas_tc.data.plan import Part, Plan, planned
from nas_tc.data.sources import Files
from nas_tc.data.tree import (
    SUFFIXES,
    Tree,
    ending,
    left_out_line,
    look_through,
    loose_files,
    stem,
    subfolders,
)
from nas_tc.errors import DataError

_LOOKS_LIKE_A_SPLIT = {"train", "training", "test", "testing", "val", "valid", "validation"}
_VALIDATION_NAMES = ("validation", "valid", "val")
_FEWEST_PAIRS = 3  # of one name, that are no chance
_MASK = re.compile(r"[ _.-](mask|masks|seg|segmentation|gt|groundtruth|label)([ _.-]?\d+)?$", re.I)


def plan_imagefolder(
    folder: Path, name: str, *, separator: str | None = None, is_lenient: bool = False
) -> Plan:
    """The images in `DIR/class/*`, or in `DIR/train/class/*` beside `test` and `val`.

    One tree is split: a fifth for testing and a tenth of the rest for validation. With `train`
    and `test` alone a tenth of `train` is for validation. With `train` and `val` alone, as
    ImageNet has it, `val` is the test set, so that nothing is chosen by it. All may lie in a folder
    of their own in `DIR`. What is seen and not used is counted in a remark. Labels in a file
    `metadata.csv` or `metadata.jsonl` go before the names of folders.

    Args:
        folder: Root of the tree.
        name: Name of the data set, for messages and records.
        separator: As for `plan_csv`, of the labels in `metadata.csv`.
        is_lenient: As for `plan_csv`.

    Raises:
        DataError: There are no images, or a split lacks a class. The message has the path.
    """
    if not folder.is_dir():
        raise DataError(
            f"no folder {str(folder)!r}; imagefolder:DIR needs one with a folder a class"
        )
    if tables := metadata_files(folder):
        return plan_metadata(folder, tables, name, separator=separator, is_lenient=is_lenient)
    if separator is not None:
        raise DataError(f"separator= is for labels in {METADATA[0]}, and {folder} has none")
    left_out: Counter[str] = Counter()
    folder, remarks = _outer(folder, left_out)
    loose_files(folder, left_out)
    if not (folder / "train").is_dir():
        classes = _classes(folder, left_out)
        whole = _part(folder, classes, left_out)
        remarks += left_out_line(left_out)
        return planned(name, whole, None, None, _shown(classes), remarks)

    splits = ["train", *(s for s in ("test", *_VALIDATION_NAMES) if (folder / s).is_dir())]
    if len(splits) == 1:
        raise DataError(f"{folder}: there is train/ but neither test/ nor val/")
    used = splits[:3]
    left_out.update(f"folder {each}" for each in subfolders(folder, left_out) if each not in used)
    classes = _classes(folder / "train", left_out)
    train, *others = (_part(folder / each, classes, left_out) for each in used)
    for each in used:
        loose_files(folder / each, left_out)
    validation = others[1] if len(others) > 1 else None
    remarks += left_out_line(left_out)
    return planned(name, train, validation, others[0], _shown(classes), remarks)


def _outer(folder: Path, left_out: Counter[str]) -> tuple[Path, list[str]]:
    """The folder where classes or splits lie: `folder`, or the only one in it, and so on."""
    inner, above, here = folder, Counter[str](), Counter[str]()
    names = subfolders(inner, here)
    while len(names) == 1:
        above += here
        inner, here = inner / names[0], Counter[str]()
        names = subfolders(inner, here)
    if len(names) < 2 or inner == folder:
        return folder, []
    left_out.update(above)
    return inner, [f"read from {inner}"]


def _classes(folder: Path, left_out: Counter[str]) -> tuple[str, ...]:
    names = tuple(subfolders(folder, left_out))
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


def _shown(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of folders as text that can be stored; bytes that are no UTF-8 are replaced."""
    return tuple(os.fsencode(name).decode("utf-8", "replace") for name in names)


def _part(folder: Path, classes: tuple[str, ...], left_out: Counter[str]) -> Part:
    numbers = {each: number for number, each in enumerate(classes)}
    if extra := sorted(set(_classes(folder, Counter())) - set(numbers)):
        raise DataError(
            f"{folder / extra[0]}: the class {extra[0]!r} is not among the training images"
        )
    paths: list[str] = []
    labels: list[int] = []
    for name, number in numbers.items():
        place = folder / name
        if not place.is_dir():
            raise DataError(f"{place}: no images of the class {name!r}")
        tree = look_through(place)
        if not tree.images:
            seen = "".join(left_out_line(tree.left_out)) or f"it is empty ({_endings()})"
            raise DataError(f"{place}: no images; {seen}; add some, or remove the folder")
        _refuse_pairs(tree)
        left_out.update(tree.left_out)
        paths += tree.images
        labels += [number] * len(tree.images)
    return Part(Files([Path(path) for path in paths]), np.array(labels, dtype=np.int64))


def _refuse_pairs(tree: Tree) -> None:
    """Refuses images that have companions of their name: masks, or copies in another format.

    Raises:
        DataError: Most images of one ending have a companion, or some have a mask, by name.
    """
    stems = {stem(path) for path in tree.images}
    masks = [
        each for each in stems if (match := _MASK.search(each)) and each[: match.start()] in stems
    ]
    if len(masks) >= _FEWEST_PAIRS:
        raise DataError(
            f"{min(masks)}: {len(masks):,} images are called as masks of others are; if they are "
            "masks, move them away"
        )
    endings = Counter(ending(path) for path in tree.images)
    if len(endings) < 2:
        return
    pairs: Counter[str] = Counter()
    example: dict[str, str] = {}
    for name, same in groupby(sorted(tree.images, key=stem), stem):
        together = [ending(path) for path in same]
        if len(together) > 1:
            pairs.update(together)
            example |= dict.fromkeys(together, name)
    for which, count in pairs.items():
        if count >= max(_FEWEST_PAIRS, endings[which] / 2):
            raise DataError(
                f"{example[which]}{which}: {count:,} {which} images have a companion of "
                "the same name and another ending; if these are masks or copies, move them away"
            )


def _endings() -> str:
    return ", ".join(sorted(SUFFIXES))
