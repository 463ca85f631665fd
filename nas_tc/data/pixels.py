"""One image file as pixels."""

import io
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from nas_tc.data.sources import Source
from nas_tc.errors import DataError, reason

_SIXTEEN_BITS = {"I;16", "I;16B", "I;16L", "I;16N"}  # of grey, in either order of bytes
GREY_MODES = {"1", "L", *_SIXTEEN_BITS}
_LFS = b"version https://git-lfs"
_DEEP_MODES = {"I", "F"}
_BROKEN = (  # what Pillow raises for a file that makes no sense, in its pixels or what it notes
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    struct.error,
    Image.DecompressionBombError,
)


def open_image(source: Source, name: str) -> Image.Image:
    """An image, rotated upright.

    Args:
        source: Path or bytes of an image file.
        name: Name of the image, for an error message.

    Raises:
        DataError: The image is missing or broken. The message names it.
    """
    if source is None:
        raise DataError(f"{name}: the image is missing")
    try:
        with _opened(source) as image:
            upright = ImageOps.exif_transpose(image)  # phones record how they were held
    except FileNotFoundError:
        raise DataError(f"{name}: the image is missing{_where_to(source)}") from None
    except UnidentifiedImageError:
        raise DataError(f"{name}: {_no_image(source)}") from None
    except _BROKEN as error:
        raise DataError(f"{name}: the image is broken: {reason(error)}") from None
    if upright.mode in _DEEP_MODES:
        raise DataError(
            f"{name}: the image has 32 bits a pixel, whose scale nobody knows; convert it to 8"
        )
    return upright


def is_grey(source: Source) -> bool:
    """Whether an image is grey by its header; a broken one counts as grey."""
    if source is None:
        return True
    try:
        with _opened(source) as image:
            return image.mode in GREY_MODES
    except _BROKEN:
        return True


def read_pixels(
    source: Source, name: str, channels: int, height: int, width: int
) -> NDArray[np.uint8]:
    """Pixels of an image file, by `to_pixels`.

    Args:
        source: Path or bytes of an image file.
        name: Name of the image, for an error message.
        channels: Number of channels of the result.
        height: Height of the result, pixels.
        width: Width of the result, pixels.

    Raises:
        DataError: The image is missing or broken, or Pillow cannot convert its colours. The message
            names it.
    """
    image = open_image(source, name)
    try:
        return to_pixels(image, channels, height, width)
    except ValueError as error:
        raise DataError(f"{name}: {error}; save the image as RGB") from None


def to_pixels(image: Image.Image, channels: int, height: int, width: int) -> NDArray[np.uint8]:
    """uint8, (height, width, channels); scaled in proportion, and its centre cropped."""
    if image.mode in _SIXTEEN_BITS:  # keep the upper 8
        image = Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))
    wanted = "L" if channels == 1 else "RGB"
    if image.mode != wanted:
        image = image.convert(wanted)
    if image.size != (width, height):
        image = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
    pixels = np.asarray(image)
    return pixels[..., None] if channels == 1 else pixels


def _opened(source: Path | bytes) -> Image.Image:
    return Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)


def _where_to(source: Source) -> str:
    """What a link to nothing points to, as git-annex leaves them."""
    if isinstance(source, Path) and source.is_symlink():
        return f": a link to {source.readlink()}, which is not there; fetch it"
    return ""


def _no_image(source: Path | bytes) -> str:
    """What a file is that Pillow does not know."""
    if isinstance(source, bytes):
        head = source[: len(_LFS)]
    else:
        with source.open("rb") as file:
            head = file.read(len(_LFS))
    if head == _LFS:
        return "not the image but where git LFS keeps it; run git lfs pull"
    return "not an image, or a broken one"
