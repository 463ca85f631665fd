"""What is settled before images are decoded: the shape of the array, how colours become bytes."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import Literal

from PIL import Image

from nas_tc.data.decode import TOGETHER, Decoding
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
)
from nas_tc.data.prepare import SIXTEEN_BITS
from nas_tc.data.rows import Rows
from nas_tc.data.sources import Encoded, Source
from nas_tc.errors import DataError

_DARK = 64  # of 255: images without a brighter value have a narrower range than their 16 bits


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
        while some := list(islice(sources, TOGETHER)):
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
