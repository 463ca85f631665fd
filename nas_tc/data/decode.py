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

from nas_tc.data.memory import check_memory
from nas_tc.data.pixels import GREY_MODES, is_grey, open_image, read_pixels, to_pixels
from nas_tc.data.sources import Encoded, Source
from nas_tc.errors import DataError

_TOGETHER = 100  # images that are encoded in memory at once
_STEP = 1000  # images between two words about the progress


@dataclass(frozen=True)
class Decoding:
    """Who watches while images are decoded, and how much memory they may take.

    Attributes:
        progress: told how many images are decoded, of how many.
        broken: takes the messages about broken images, which are left black; None: the first one
            is an error.
        memory_limit: bytes that all images may take in memory; a set of more is decoded into files
            and read from there. None: 30 % of the free memory.
    """

    progress: Callable[[int, int], None] = lambda _done, _total: None
    broken: list[str] | None = None
    memory_limit: int | None = None


def settle_shape(
    images: Encoded, side: tuple[int, int] | None, decoding: Decoding
) -> tuple[int, int, int]:
    """Height, width and channels of the array that images are decoded into.

    Args:
        images: of the training split, which decides for all.
        side: height and width in pixels; None: those of the first image.
        decoding: who watches.

    Returns:
        Channels are 1 if all images are grey, else 3.

    Raises:
        DataError: a first image that is missing or broken.
    """
    first = _first(images, decoding)
    all_grey = first.mode in GREY_MODES and all(map(is_grey, images.read()))
    height, width = side or (first.height, first.width)
    return height, width, 1 if all_grey else 3


def decode_images(
    images: Encoded,
    into: NDArray[np.uint8],
    decoding: Decoding,
    *,
    start: int = 0,
    before: int = 0,
    total: int | None = None,
    done: Callable[[int], None] = lambda _done: None,
) -> None:
    """Decodes images into an array, a hundred at a time, on all cores.

    An image of another size is scaled, keeping its proportions, and its centre is cut out.

    Args:
        images: encoded.
        into: uint8, (n, height, width, channels).
        decoding: who watches.
        start: the first image that is not decoded yet.
        before: images of other splits that are decoded already, for the progress.
        total: images of all splits.
        done: told from time to time how many images are decoded, in order; also when an error or
            Ctrl-C ends it.

    Raises:
        DataError: an image that is missing or broken, by name.
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
                    done(at)
                    decoding.progress(before + at, total or len(images))
    except BaseException:
        done(at)
        raise


def fit_array(
    images: NDArray[np.uint8], side: tuple[int, int] | None, decoding: Decoding
) -> NDArray[np.uint8]:
    """Images of one size as images of another, as `decode_images` does it.

    Args:
        images: uint8, (n, height, width, channels).
        side: height and width in pixels; None: as they are.
        decoding: who watches.

    Returns:
        uint8, (n, height, width, channels).
    """
    count, height, width, channels = images.shape
    if side is None or side == (height, width):
        return images
    check_memory(count * channels * side[0] * side[1], count, decoding.memory_limit)
    fitted = np.empty((count, *side, channels), dtype=np.uint8)
    for index, pixels in enumerate(images):
        image = Image.fromarray(pixels if channels == 3 else pixels[..., 0])
        fitted[index] = to_pixels(image, channels, *side)
        if (index + 1) % _STEP == 0 or index + 1 == count:
            decoding.progress(index + 1, count)
    return fitted


def _first(images: Encoded, decoding: Decoding) -> Image.Image:
    """The first image, or the first that is whole where broken ones are only noted."""
    for index, source in enumerate(images.read()):
        try:
            return open_image(source, images.name(index))
        except DataError:
            if decoding.broken is None:
                raise
    raise DataError(f"none of {len(images)} images can be read, the first: {images.name(0)}")
