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
from nas_tc.data.pixels import GREY_MODES, is_grey, open_image, read_pixels, to_pixels
from nas_tc.data.rows import Rows
from nas_tc.data.sources import Encoded, Source
from nas_tc.errors import DataError

_TOGETHER = 100  # images that are encoded in memory at once
_STEP = 1000  # images between two calls of the progress callback


@dataclass(frozen=True)
class Decoding:
    """Callbacks while images are decoded, and the memory that the images may take.

    Attributes:
        progress: Called with the number of decoded images, and of all images.
        broken: Called with a message about each broken image, which is left black; None: the first
            one is an error.
        memory_limit: Bytes that all images may take in memory; a larger set is decoded into files
            and read from there. None: 30 % of the free memory.
    """

    progress: Callable[[int, int], None] = lambda _done, _total: None
    broken: list[str] | None = None
    memory_limit: int | None = None


def settle_shape(
    images: Encoded | Rows, side: tuple[int, int] | None, decoding: Decoding
) -> tuple[int, int, int]:
    """Height, width and channels of the array that images are decoded into.

    Args:
        images: Images of the training split, which decides for all splits.
        side: Height and width, pixels; None: those of the first image.
        decoding: Callbacks and the memory limit.

    Returns:
        Channels are 1 if all images are grey, else 3; an array keeps its own.

    Raises:
        DataError: The first image is missing or broken.
    """
    if isinstance(images, Rows):
        return (*(side or images.shape[1:3]), images.shape[3])
    first = _first(images, decoding)
    all_grey = first.mode in GREY_MODES and all(map(is_grey, images.read()))
    height, width = side or (first.height, first.width)
    return height, width, 1 if all_grey else 3


def decode_images(
    images: Encoded | Rows,
    into: NDArray[np.uint8],
    decoding: Decoding,
    *,
    start: int = 0,
    before: int = 0,
    total: int | None = None,
    done: Callable[[int], None] = lambda _done: None,
) -> None:
    """Decodes images into an array, a hundred at a time, on all cores.

    An image of another size is scaled in proportion, and its centre is cropped.

    Args:
        images: Encoded images, or an array in a file, which is read a few megabytes at a time.
        into: uint8, (n, height, width, channels).
        decoding: Callbacks and the memory limit.
        start: Index of the first image that is not decoded yet.
        before: Number of images of other splits that are decoded already, for the progress.
        total: Number of images of all splits.
        done: Called from time to time with the number of images decoded in order, and when an error
            or Ctrl-C ends the decoding.

    Raises:
        DataError: An image is missing or broken. The message names it.
    """

    def note(at: int) -> None:
        done(at)
        decoding.progress(before + at, total or len(images))

    if isinstance(images, Rows):
        _decode_rows(images, into, decoding, start, note, done)
    else:
        _decode_encoded(images, into, decoding, start, note, done)


def _decode_encoded(
    images: Encoded,
    into: NDArray[np.uint8],
    decoding: Decoding,
    start: int,
    note: Callable[[int], None],
    done: Callable[[int], None],
) -> None:
    """`decode_images` for encoded images.

    Raises:
        DataError: An image is missing or broken. The message names it.
    """
    _, height, width, channels = into.shape
    failed = threading.Event()

    def decode(index: int, source: Source) -> None:
        if failed.is_set():
            return
        try:
            into[index] = read_pixels(source, images.name(index), channels, height, width)
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
            while some := list(islice(sources, _TOGETHER)):
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
                into[at : at + len(some)] = _fitted(some, into.shape[1:])
                at, rest = at + len(some), rest[len(some) :]
                if at % _STEP == 0 or at == len(images):
                    note(at)
    except BaseException:
        done(at)
        raise


def _fitted(images: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Images (n, height, width, channels) scaled and cropped as by `decode_images`."""
    if images.shape[1:] == shape:
        return images
    height, width, channels = shape
    grey = images.shape[-1] == 1
    drawn = (Image.fromarray(each[..., 0] if grey else each) for each in images)
    return np.stack([to_pixels(each, channels, height, width) for each in drawn])


def _first(images: Encoded, decoding: Decoding) -> Image.Image:
    """The first image, or the first unbroken one if broken ones are only reported."""
    for index, source in enumerate(images.read()):
        try:
            return open_image(source, images.name(index))
        except DataError:
            if decoding.broken is None:
                raise
    raise DataError(f"none of {len(images)} images can be read, the first: {images.name(0)}")
