"""Sets larger than memory: decoded once into files, which are mapped and read batch by batch."""

import errno
import json
import os
import shutil
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from nas_tc._files import whole_file
from nas_tc.data.cache import cache_folder, images_file, put_in, read_cache
from nas_tc.data.decode import Decoding, decode_images
from nas_tc.data.images import ImageData, mapped_split
from nas_tc.data.memory import gib
from nas_tc.data.pixels import Conversion
from nas_tc.data.plan import Plan
from nas_tc.data.settle import conversion_remarks
from nas_tc.errors import DataError

_PROGRESS = "progress.json"


def decode_to_disk(
    plan: Plan,
    shape: tuple[int, int, int],
    key: str,
    decoding: Decoding,
    conversion: Conversion,
) -> ImageData:
    """The images of `plan`, decoded into files of the cache and mapped from there.

    When it is stopped, by Ctrl-C or a kill, the next call goes on from there.

    Args:
        plan: what to decode.
        shape: height, width and channels.
        key: of the cache.
        decoding: who watches.
        conversion: how images become bytes.

    Raises:
        DataError: no cache, no room on its disk, or an image that is missing or broken, by name.
    """
    size = len(plan) * int(np.prod(shape))
    needed = gib(size)
    folder = cache_folder()
    if folder is None:
        raise DataError(
            f"{plan.name} takes {needed}, more than memory is to hold, and would be streamed from "
            "the cache; NAS_TC_CACHE is 'off': let it name a folder"
        )
    # One unfinished set for each place: when its files change meanwhile, the rest is of no use.
    partial = folder / f".decoding-{_digest(plan.name)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{partial}.lock"):  # a second process waits, and finds what the first made
            if (found := read_cache(key, plan.name, 0)) is not None:
                return found
            _check_room(partial, size)
            return _decode(plan, shape, key, decoding, conversion, partial)
    except OSError as error:
        raise DataError(
            f"{folder}: {error.strerror or error}; {plan.name} needs {needed} there: make room, or "
            "let NAS_TC_CACHE name another folder"
        ) from None


def _decode(
    plan: Plan,
    shape: tuple[int, int, int],
    key: str,
    decoding: Decoding,
    conversion: Conversion,
    partial: Path,
) -> ImageData:
    progress = _begun(partial, [key, *shape])
    if decoding.broken is not None:
        decoding.broken.extend(progress["broken"])
    elif progress["broken"]:
        raise DataError(progress["broken"][0])
    conversion.seen.extend(progress["seen"])
    before = 0
    for name, part in plan.parts.items():
        start = progress["done"].get(name, 0)
        images = _array(images_file(partial, name), (len(part), *shape), fresh=start == 0)

        def note(done: int, images: NDArray[np.uint8] = images, name: str = name) -> None:
            assert isinstance(images, np.memmap)
            images.flush()
            progress["done"][name] = done
            progress["broken"] = decoding.broken or []
            progress["seen"] = conversion.seen
            _write(partial, progress)

        decode_images(
            part.images, images, decoding, start=start, before=before, total=len(plan),
            conversion=conversion, done=note,
        )  # fmt: skip
        before += len(part)
    train, validation, test = (
        mapped_split(images_file(partial, name), part.labels) for name, part in plan.parts.items()
    )
    remarks = (*plan.remarks, *conversion_remarks(conversion))
    data = ImageData(
        plan.name, train, validation, test, plan.classes,
        remarks=remarks, grey_range=conversion.grey_range, label_values=plan.label_values,
        colour_range=conversion.colour_range,
    )  # fmt: skip
    if decoding.broken:
        # Those of the last hundred before a stop were decoded again.
        decoding.broken[:] = dict.fromkeys(decoding.broken)
        shutil.rmtree(partial)  # to be looked at, not kept: the maps last as long as they are used
        return data
    put_in(partial, key, data)
    (partial.parent / key / _PROGRESS).unlink(missing_ok=True)
    found = read_cache(key, plan.name, 0)
    assert found is not None
    return found


def _check_room(partial: Path, size: int) -> None:
    """Refuses a set that does not fit on the disk, before a part of it fills the disk.

    Args:
        partial: Folder of the decoded images; what an earlier call has reserved there counts.
        size: Bytes of all images.

    Raises:
        OSError: There is less room.
    """
    reserved = sum(file.stat().st_blocks * 512 for file in partial.glob("*-images.npy"))
    if size > shutil.disk_usage(partial.parent).free + reserved:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _digest(name: str) -> str:
    """Sixteen digits of the place that data lies in, however its path is spelt."""
    kind, _, place = name.partition(":")
    spelt = f"{kind}:{Path(place).expanduser().resolve()}"
    return blake2b(os.fsencode(spelt), digest_size=8).hexdigest()


def _begun(partial: Path, what: list[object]) -> dict[str, Any]:
    """How far an earlier call came with the same images; a fresh folder if there was none."""
    try:
        progress: dict[str, Any] = json.loads((partial / _PROGRESS).read_text(encoding="utf-8"))
        if progress["what"] == what:
            return progress
    except (OSError, ValueError, KeyError):
        pass
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    return {"what": what, "done": {}, "broken": [], "seen": []}


def _write(partial: Path, progress: dict[str, Any]) -> None:
    with whole_file(partial / _PROGRESS) as file:
        file.write_text(json.dumps(progress), encoding="utf-8")


def _array(file: Path, shape: tuple[int, ...], *, fresh: bool) -> NDArray[np.uint8]:
    """A uint8 array in a file; its room is reserved, because a full disk under a map kills."""
    if fresh:
        images = open_memmap(file, mode="w+", dtype=np.uint8, shape=shape)
        with file.open("r+b") as opened:
            if hasattr(os, "posix_fallocate"):
                try:
                    os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
                except OSError:
                    file.unlink()  # what was reserved before the disk was full
                    raise
        return images
    return open_memmap(file, mode="r+")
