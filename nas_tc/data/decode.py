"""From encoded images to one uint8 array."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nas_tc.data.memory import default_limit, gib
from nas_tc.data.pixels import (
    DEEP_COLOUR,
    FRAMES,
    GREY_MODES,
    TRANSPARENT,
    Conversion,
    colour_extremes,
    grey_extremes,
    mode_of,
    open_image,
    read_pixels,
)
from nas_tc.data.prepare import SIXTEEN_BITS, to_pixels
from nas_tc.data.rows import Rows
from nas_tc.data.sources import Encoded, Source
from nas_tc.errors import DataError

_TOGETHER = 100  # images that are encoded in memory at once
_DARK = 64  # of 255: images without a brighter value have a narrower range than their 16 bits
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
    grey = {*GREY_MODES, ""}  # one that is broken is not colour, at any rate
    all_grey = first.mode in GREY_MODES and all(mode_of(each) in grey for each in images.read())
    height, width = side or (first.height, first.width)
    return height, width, 1 if all_grey else 3


def settle_conversion(
    images: Encoded | Rows, decoding: Decoding, background: tuple[int, int, int]
) -> Conversion:
    """How the images of all splits become bytes.

    Args:
        images: of the training split: the range of their 16-bit grey becomes 0 to 255, and that of
            16-bit colour as well, if they are so dark that little would be left of it.
        decoding: who watches.
        background: what transparent images are composed on.

    Raises:
        DataError: a first image that is missing or broken.
    """
    usual = Conversion(background, kinds=decoding.kinds)
    if isinstance(images, Rows):
        return usual
    first = _first(images, decoding)
    if first.mode in SIXTEEN_BITS:
        found = [each for each in _extremes(images, grey_extremes) if each is not None]
        return replace(usual, grey_range=_range(found))
    return replace(usual, colour_range=_dark_range(images)) if first.info[DEEP_COLOUR] else usual


def _dark_range(images: Encoded) -> tuple[int, int] | None:
    """The range of 16-bit colours whose upper 8 bits are all dark; None of brighter images."""
    found = []
    for extremes in _extremes(images, colour_extremes):
        if extremes is None or extremes[1] >= _DARK << 8:
            return None
        found.append(extremes)
    return _range(found)


def _extremes(
    images: Encoded, of: Callable[[Source, str], tuple[int, int] | None]
) -> Iterator[tuple[int, int] | None]:
    """Least and greatest values of all images that are not broken."""

    def unbroken(source: Source, name: str) -> tuple[int, int] | Literal["broken"] | None:
        try:
            return of(source, name)
        except DataError:
            return "broken"

    sources = enumerate(images.read())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        while some := list(islice(sources, _TOGETHER)):
            names = [images.name(index) for index, _ in some]
            for each in pool.map(unbroken, [source for _, source in some], names):
                if each != "broken":
                    yield each


def _range(extremes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return min(low for low, _ in extremes), max(high for _, high in extremes)


def conversion_remarks(conversion: Conversion) -> list[str]:
    """What was done to images on their way, a line each kind."""
    remarks = []
    if conversion.grey_range is not None:
        low, high = conversion.grey_range
        remarks.append(f"16-bit grey: {low:,} to {high:,}, the range of training, became 0 to 255")
    if conversion.colour_range is not None:
        low, high = conversion.colour_range
        remarks.append(
            f"16-bit colour: {low:,} to {high:,}, the range of training, became 0 to 255"
        )
    if count := conversion.seen.count(TRANSPARENT):
        ground = "#{:02x}{:02x}{:02x}".format(*conversion.background)
        named = {"#ffffff": "white", "#000000": "black"}.get(ground, ground)
        remarks.append(f"transparency: {count:,} images were composed on {named}")
    if count := conversion.seen.count(FRAMES):
        remarks.append(f"several frames: of {count:,} images the first was taken")
    if deep := [word for word in conversion.seen if word.startswith(DEEP_COLOUR)]:
        greatest = max(int(word.removeprefix(DEEP_COLOUR)) for word in deep)
        remark = f"16-bit colour: of {len(deep):,} images the upper 8 bits were taken"
        if greatest < _DARK:
            remark += (
                f", which are {greatest} of 255 at most: scale them and save 8 bits, since most of "
                "their levels are lost"
            )
        remarks.append(remark)
    return remarks


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


def _first(images: Encoded, decoding: Decoding) -> Image.Image:
    """The first image, or the first unbroken one if broken ones are only reported.

    Raises:
        DataError: The first image is broken, or all are. The message has the reason of the first.
    """
    reasons: list[str] = []
    for index, source in enumerate(images.read()):
        try:
            return open_image(source, images.name(index))
        except DataError as error:
            if decoding.broken is None:
                raise
            reasons.append(str(error))
    raise DataError(f"none of {len(images):,} images can be read, the first: {reasons[0]}")
