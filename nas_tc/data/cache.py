"""Decoded images on disk, found again by the content of their files."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np

from nas_tc.data.duplicates import Duplicates
from nas_tc.data.images import ImageData, Split, mapped_split

_FORMAT = 4
_ANEW = "decoded anew"
_FEWEST_IMAGES = 2000  # fewer are decoded as fast as they are read
_TOGETHER = 500  # files that a thread looks at before the next
_BLOCK_BYTES = 2**20  # read at once
_SPLITS = ("train", "validation", "test")


def cache_folder() -> Path | None:
    """Where decoded images are kept; None if the variable NAS_TC_CACHE is "off".

    That variable, or else `nas-tc` in XDG_CACHE_HOME or in ~/.cache. It may be deleted any time.
    The path is absolute, since workers map its files from folders of their own.
    """
    chosen = os.environ.get("NAS_TC_CACHE", "")
    if chosen == "off":
        return None
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "nas-tc"


def fingerprint(files: Sequence[str], root: Path, settings: Sequence[object]) -> str:
    """A name for what `settings` make of these files: of their content and their relative names.

    Args:
        files: all that is read.
        root: the folder that names are relative to, so that a moved folder is found again.
        settings: everything else that decides about the result.

    Raises:
        OSError: a file that cannot be read.
    """
    digest = hashlib.blake2b(repr((_FORMAT, *settings)).encode(), digest_size=16)
    prefix = f"{root}{os.sep}"
    some = [files[at : at + _TOGETHER] for at in range(0, len(files), _TOGETHER)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for paths, contents in zip(some, pool.map(_digests, some), strict=True):
            for path, content in zip(paths, contents, strict=True):
                name = os.fsencode(path.removeprefix(prefix))
                digest.update(len(name).to_bytes(4, "big") + name + content)
    return digest.hexdigest()


def _digests(paths: Sequence[str]) -> list[bytes]:
    """Of each file's content; where there is only a link to nothing, none."""
    found = []
    for path in paths:
        digest = hashlib.blake2b(digest_size=16)
        try:
            opened = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            found.append(b"")
            continue
        try:
            while block := os.read(opened, _BLOCK_BYTES):
                digest.update(block)
        except OSError as error:
            error.filename = path
            raise
        finally:
            os.close(opened)
        found.append(digest.digest())
    return found


def decoded_anew(images: int) -> list[str]:
    """A line if the cache has what an earlier version has decoded and this one cannot use.

    Args:
        images: in the set that is decoded; of few there would be nothing in the cache.
    """
    cache = cache_folder()
    if images < _FEWEST_IMAGES or cache is None or not cache.is_dir():
        return []
    count = 0
    for file in cache.glob("*/data.json"):
        with suppress(OSError, ValueError, AttributeError):
            count += json.loads(file.read_text(encoding="utf-8")).get("format") != _FORMAT
    sets = "a set" if count == 1 else f"{count:,} sets"
    says = f"{_ANEW}: {cache} has {sets} of an earlier version, which may be deleted"
    return [says] if count else []


def images_file(folder: Path, split: str) -> Path:
    """The array of a split's images: uint8, (n, height, width, channels)."""
    return folder / f"{split}-images.npy"


def read_cache(key: str, name: str, memory_limit: int) -> ImageData | None:
    """The images that were put into the cache; None if there are none that can be used.

    The arrays are mapped, not read: processes of one machine share their pages.

    Args:
        key: from `fingerprint`.
        name: of the data, which is no part of the key.
        memory_limit: bytes; splits of a larger set say which file they are to be read from.
    """
    cache = cache_folder()
    if cache is None:
        return None
    folder = cache / key
    try:
        values = json.loads((folder / "data.json").read_text(encoding="utf-8"))
        splits = [
            mapped_split(images_file(folder, split), np.load(folder / f"{split}-labels.npy"))
            for split in _SPLITS
        ]
        if sum(split.images.nbytes for split in splits) <= memory_limit:
            splits = [Split(split.images, split.labels) for split in splits]
        classes, augment = tuple(values["classes"]), frozenset(values["augment"])
        train, validation, test = splits
        remarks = tuple(values["remarks"])
        grey, colour = values["grey_range"], values["colour_range"]
        data = ImageData(
            name, train, validation, test, classes, augment, remarks,
            grey and (grey[0], grey[1]), tuple(values["label_values"]),
            colour and (colour[0], colour[1]),
        )  # fmt: skip
        # All three are computed from all pixels, and cached properties live in the instance's dict.
        vars(data)["duplicates"] = Duplicates(**values["duplicates"])
        vars(data)["checksum"] = values["checksum"]
        vars(data)["moments"] = tuple(tuple(each) for each in values["moments"])
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return None
    return data


def write_cache(key: str, data: ImageData) -> None:
    """Puts images into the cache if they are many; a full disk does no harm."""
    cache = cache_folder()
    if cache is None or sum(len(getattr(data, split)) for split in _SPLITS) < _FEWEST_IMAGES:
        return
    try:
        cache.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=cache, prefix=".partial-"))
    except OSError:
        return
    try:
        with suppress(OSError):
            for name in _SPLITS:
                np.save(images_file(partial, name), getattr(data, name).images)
            put_in(partial, key, data)
    finally:  # nothing is there if it has become the entry
        shutil.rmtree(partial, ignore_errors=True)


def put_in(partial: Path, key: str, data: ImageData) -> None:
    """Makes an entry of a folder that holds the images: writes the rest, then renames it.

    So no half is ever read. An entry that is there already, as another process may have made it
    meanwhile, stays if it can be read.
    """
    for name in _SPLITS:
        np.save(partial / f"{name}-labels.npy", getattr(data, name).labels)
    values = {
        "format": _FORMAT,
        "classes": data.classes,
        "augment": sorted(data.augment),
        "label_values": data.label_values,
        "grey_range": data.grey_range,
        "colour_range": data.colour_range,
        "remarks": [each for each in data.remarks if not each.startswith(_ANEW)],
        "duplicates": data.duplicates.to_dict(),
        "checksum": data.checksum,
        "moments": data.moments,
    }
    (partial / "data.json").write_text(json.dumps(values), encoding="utf-8")
    entry = partial.parent / key
    try:
        partial.rename(entry)
    except OSError:
        if not entry.is_dir():
            raise
        if read_cache(key, data.name, 0) is not None:
            shutil.rmtree(partial)
            return
        shutil.rmtree(entry, ignore_errors=True)
        partial.rename(entry)
