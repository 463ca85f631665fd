"""From encoded images to one uint8 array."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nas_tc.data.memory import default_limit, gib
from nas_tc.data.pixels import Conversion, read_pixels
from nas_tc.data.prepare import to_pixels
from nas_tc.data.rows import Rows
from nas_tc.data.sources import Encoded, Source
from nas_tc.errors import DataError

TOGETHER = 100  # images that are encoded in memory at once
_STEP = 1000  # images between two calls of the progress callback
_NOTED_STEP = 10_000  # images between two notes about the progress


def decoded_notes(note: Callable[[str], None]) -> Callable[[int, int], None]:
    """Progress for `Decoding` that notes, every ten thousand images, how many are decoded.

    Args:
        note: Called with each line.
    """

    def progress(done: int, total: int) -> None:
        if done % _NOTED_STEP == 0 and done < total:
            note(f"decoded {done:,} of {total:,} images")

    return progress


@dataclass(frozen=True)
class Decoding:
    """Callbacks while images are decoded, and the memory that the images may take.

    Attributes:
        progress: Called with the number of decoded images, and of all images.
        broken: Called with a message about each broken image, which is left black; None: the first
            one is an error.
        memory_limit: Bytes that all images may take in memory; a larger set is decoded into files
            and read from there. None: 30 % of the free memory.
        kinds: takes mode and size of each image file that is decoded; None: nobody asks.
    """

    progress: Callable[[int, int], None] = lambda _done, _total: None
    broken: list[str] | None = None
    memory_limit: int | None = None
    kinds: list[tuple[str, str]] | None = None


def decode_images(
    images: Encoded | Rows,
    into: NDArray[np.uint8],
    decoding: Decoding,
    *,
    start: int = 0,
    before: int = 0,
    total: int | None = None,
    conversion: Conversion | None = None,
    done: Callable[[int], None] = lambda _done: None,
) -> None:
    """Decodes images into an array, a hundred at a time, on all cores.

    An image of another size is scaled in proportion, and its centre is cropped.

    Args:
        images: Encoded images, or an array in a file, which is read a few megabytes at a time.
        into: uint8, (n, height, width, channels).
        decoding: who watches.
        start: the first image that is not decoded yet.
        before: images of other splits that are decoded already, for the progress.
        total: images of all splits.
        conversion: how they become bytes.
        done: told from time to time how many images are decoded, in order; also when an error or
            Ctrl-C ends it.

    Raises:
        DataError: An image is missing or broken. The message names it.
    """

    def note(at: int) -> None:
        done(at)
        decoding.progress(before + at, total or len(images))

    if isinstance(images, Rows):
        _decode_rows(images, into, decoding, start, note, done)
    else:
        _decode_encoded(images, into, decoding, conversion or Conversion(), start, note, done)


def _decode_encoded(
    images: Encoded,
    into: NDArray[np.uint8],
    decoding: Decoding,
    conversion: Conversion,
    start: int,
    note: Callable[[int], None],
    done: Callable[[int], None],
) -> None:
    """`decode_images` for encoded images.

    Raises:
        DataError: An image is missing or broken. The message names it.
    """
    _, *image = into.shape
    shape = (image[0], image[1], image[2])
    failed = threading.Event()

    def decode(index: int, source: Source) -> None:
        if failed.is_set():
            return
        try:
            into[index] = read_pixels(source, images.name(index), shape, conversion)
        except DataError as error:
            if decoding.broken is None:
                failed.set()
                raise
            decoding.broken.append(str(error))
            into[index] = 0

    sources = enumerate(images.read(start), start)
    at = start
    try:
        # Pillow releases the interpreter lock while it decodes.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            while some := list(islice(sources, TOGETHER)):
                for _ in pool.map(decode, *zip(*some, strict=True)):
                    pass
                at += len(some)
                if at % _STEP == 0 or at == len(images):
                    note(at)
    except BaseException:
        done(at)
        raise


def _decode_rows(
    images: Rows,
    into: NDArray[np.uint8],
    decoding: Decoding,
    start: int,
    note: Callable[[int], None],
    done: Callable[[int], None],
) -> None:
    """`decode_images` for an array in a file.

    Raises:
        DataError: The file is broken, or it must be in memory and is too large.
    """
    if images.transposed:
        limit = default_limit() if decoding.memory_limit is None else decoding.memory_limit
        if images.nbytes > limit:
            raise DataError(
                f"{images.place}: {gib(images.nbytes)} in Fortran order, which can only be read as "
                f"a whole, and the limit is {gib(limit)}; save numpy.ascontiguousarray of it"
            )
    at = start
    try:
        for block in images.blocks(start):
            rest = block
            while len(rest):
                some = rest[: _STEP - at % _STEP]
                into[at : at + len(some)] = _fitted(
                    some, (into.shape[1], into.shape[2], into.shape[3])
                )
                at, rest = at + len(some), rest[len(some) :]
                if at % _STEP == 0 or at == len(images):
                    note(at)
    except BaseException:
        done(at)
        raise


def _fitted(images: NDArray[np.uint8], shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Images (n, height, width, channels) of another shape, as `decode_images` does it."""
    if images.shape[1:] == shape:
        return images
    grey = images.shape[-1] == 1
    drawn = (Image.fromarray(each[..., 0] if grey else each) for each in images)
    return np.stack([to_pixels(each, shape) for each in drawn])
