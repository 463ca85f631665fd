"""One image file as pixels."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from nas_tc.data.sources import Source
from nas_tc.errors import DataError

GREY_MODES = {"1", "L", "I;16"}
_DEEP_MODES = {"I", "F"}


def open_image(source: Source, name: str) -> Image.Image:
    """An image, upright.

    Raises:
        DataError: an image that is missing or broken, by name.
    """
    if source is None:
        raise DataError(f"{name}: the image is missing")
    try:
        with _opened(source) as image:
            upright = ImageOps.exif_transpose(image)  # phones note how they were held
    except FileNotFoundError:
        raise DataError(f"{name}: the image is missing") from None
    except UnidentifiedImageError:
        raise DataError(f"{name}: not an image, or a broken one") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{name}: the image is broken: {error}") from None
    if upright.mode in _DEEP_MODES:
        raise DataError(
            f"{name}: the image has 32 bits a pixel, whose scale nobody knows; convert it to 8"
        )
    return upright


def is_grey(source: Source) -> bool:
    """Whether an image is grey by its header; one that is broken is not colour, at any rate."""
    if source is None:
        return True
    try:
        with _opened(source) as image:
            return image.mode in GREY_MODES
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return True


def to_pixels(image: Image.Image, channels: int, height: int, width: int) -> NDArray[np.uint8]:
    """uint8, (height, width, channels); scaled in proportion, and its centre cut out."""
    if image.mode == "I;16":  # 16 bits of grey: keep the upper 8
        image = image.point(lambda value: value / 256).convert("L")
    wanted = "L" if channels == 1 else "RGB"
    if image.mode != wanted:
        image = image.convert(wanted)
    if image.size != (width, height):
        image = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
    pixels = np.asarray(image)
    return pixels[..., None] if channels == 1 else pixels


def _opened(source: Path | bytes) -> Image.Image:
    return Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
