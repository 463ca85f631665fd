"""Decoded images on disk, found again by the content of their files."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from nas_tc.data.images import ImageData, Split

_FORMAT = 1
_FEWEST_IMAGES = 2000  # fewer are decoded as fast as they are read
_MOST_READ = 64  # files whose content is looked at; of more, the sizes and times
_SPLITS = ("train", "validation", "test")


def cache_folder() -> Path | None:
    """Where decoded images are kept; None if the variable NAS_TC_CACHE is "off".

    That variable, or else `nas-tc` in XDG_CACHE_HOME or in ~/.cache. It may be deleted any time.
    """
    chosen = os.environ.get("NAS_TC_CACHE", "")
    if chosen == "off":
        return None
    if chosen:
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "nas-tc"


def fingerprint(files: Sequence[Path], root: Path, settings: Sequence[object]) -> str:
    """A name for what `settings` make of these files.

    Of up to 64 files the content counts, of more (a folder of images) name, size and time.

    Args:
        files: all that is read.
        root: the folder that names are relative to, so that a moved folder is found again.
        settings: everything else that decides about the result.
    """
    digest = hashlib.blake2b(repr((_FORMAT, *settings)).encode(), digest_size=16)
    for file in files:
        digest.update(str(file.relative_to(root)).encode())
        if len(files) <= _MOST_READ:
            with file.open("rb") as opened:
                digest.update(hashlib.file_digest(opened, hashlib.blake2b).digest())
        else:
            status = file.stat()
            digest.update(repr((status.st_size, status.st_mtime_ns)).encode())
    return digest.hexdigest()


def cached(key: str, name: str, load: Callable[[], ImageData]) -> ImageData:
    """What `load` returns, from the cache if it is there, and put there if it is large enough.

    The arrays of the cache are mapped, not read: processes of one machine share their pages.

    Args:
        key: from `fingerprint`.
        name: of the data, which is no part of the key.
        load: decodes.
    """
    folder = cache_folder()
    if folder is None:
        return load()
    found = _read(folder / key, name)
    if found is not None:
        return found
    data = load()
    if sum(len(getattr(data, split)) for split in _SPLITS) >= _FEWEST_IMAGES:
        _write(folder / key, data)
    return data


def _read(folder: Path, name: str) -> ImageData | None:
    """None if there is nothing, or nothing that can be used."""
    try:
        values = json.loads((folder / "data.json").read_text(encoding="utf-8"))
        train, validation, test = (
            Split(
                np.asarray(np.load(folder / f"{split}-images.npy", mmap_mode="r")),
                np.load(folder / f"{split}-labels.npy"),
            )
            for split in _SPLITS
        )
        classes, augment = tuple(values["classes"]), frozenset(values["augment"])
        data = ImageData(name, train, validation, test, classes, augment)
        # Both are computed from all pixels, and cached properties live in the instance's dict.
        vars(data)["checksum"] = values["checksum"]
        vars(data)["moments"] = tuple(tuple(each) for each in values["moments"])
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return None
    return data


def _write(folder: Path, data: ImageData) -> None:
    """Writes beside and renames, so that no half is ever read; a full disk does no harm."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".partial-"))
    except OSError:
        return
    try:
        for name in _SPLITS:
            split = getattr(data, name)
            np.save(partial / f"{name}-images.npy", split.images)
            np.save(partial / f"{name}-labels.npy", split.labels)
        values = {
            "classes": data.classes,
            "augment": sorted(data.augment),
            "checksum": data.checksum,
            "moments": data.moments,
        }
        (partial / "data.json").write_text(json.dumps(values), encoding="utf-8")
        partial.rename(folder)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
