"""One image file as pixels."""

import io
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from nas_tc.data.prepare import (
    SIXTEEN_BITS,
    in_8_bits,
    in_16_bits,
    scaled_colours,
    to_pixels,
    upright,
)
from nas_tc.data.sources import Source
from nas_tc.errors import DataError, reason

GREY_MODES = {"1", "L", *SIXTEEN_BITS}
_LFS = b"version https://git-lfs"
_WITH_FRAMES = {"GIF", "TIFF", "WEBP", "PNG"}
_DEEP_LAYOUT = re.compile(r"(RGB[AaX]?|LA|CMYK);16[BLN]")  # Pillow's names of layouts in files
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


_FREE_PIXELS = 16_000_000  # of an image of any file size
_PIXELS_A_BYTE = 10_000  # at most: an empty page packed well
TRANSPARENT = "transparent"
FRAMES = "frames"
DEEP_COLOUR = "16-bit colour, greatest "  # and the greatest value of the 8 bits that are taken


@dataclass(frozen=True)
class Conversion:
    """How images become bytes.

    Attributes:
        background: what transparent images are composed on: red, green and blue, 0 to 255.
        grey_range: the values of 16-bit grey that become 0 and 255; None: there is no such grey.
        colour_range: the values of 16-bit colour that become 0 and 255; None: the upper 8 bits are
            taken.
        seen: takes a word for each image that something is done to: `TRANSPARENT`, `FRAMES`,
            `DEEP_COLOUR`.
        kinds: takes mode and size of each image.
    """

    background: tuple[int, int, int] = (255, 255, 255)
    grey_range: tuple[int, int] | None = None
    colour_range: tuple[int, int] | None = None
    seen: list[str] = field(default_factory=list, compare=False)
    kinds: list[tuple[str, str]] | None = field(default=None, compare=False)


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
            frames = image.format in _WITH_FRAMES and getattr(image, "is_animated", False)
            is_deep = _is_deep_colour(image)
            turned = upright(image)
            turned.info |= {FRAMES: frames, DEEP_COLOUR: is_deep}
    except FileNotFoundError:
        raise DataError(f"{name}: the image is missing{_where_to(source)}") from None
    except UnidentifiedImageError:
        raise DataError(f"{name}: {_no_image(source)}") from None
    except _BROKEN as error:
        raise DataError(f"{name}: the image is broken: {reason(error)}") from None
    return turned


def mode_of(source: Source) -> str:
    """The mode of an image by its header; "" of one that is broken."""
    if source is None:
        return ""
    try:
        with _opened(source) as image:
            return "I;16" if image.format == "PPM" and image.mode == "I" else image.mode
    except _BROKEN:
        return ""


def grey_extremes(source: Source, name: str) -> tuple[int, int] | None:
    """Least and greatest value of an image of 16-bit grey; None of any other, or a broken one."""
    try:
        image = open_image(source, name)
    except DataError:
        return None
    if image.mode not in SIXTEEN_BITS:
        return None
    values = np.asarray(image)
    return int(values.min()), int(values.max())


def colour_extremes(source: Source, name: str) -> tuple[int, int] | None:
    """Least and greatest value of an image of 16-bit colour; None of any other.

    Args:
        source: Path or bytes of an image file.
        name: Name of the image, for an error message.

    Raises:
        DataError: The image is missing or broken.
    """
    if not open_image(source, name).info[DEEP_COLOUR]:
        return None
    try:
        colours = _all_bits(source, name)[..., :3]
    except DataError:  # colours of another kind
        return None
    return int(colours.min()), int(colours.max())


def read_pixels(
    source: Source, name: str, shape: tuple[int, int, int], conversion: Conversion
) -> NDArray[np.uint8]:
    """Pixels of an image file, by `to_pixels`.

    Args:
        source: Path or bytes of an image file.
        name: Name of the image, for an error message.
        shape: Channels, height and width of the result.
        conversion: How the image becomes bytes.

    Raises:
        DataError: The image is missing or broken, or Pillow cannot convert its colours. The message
            names it.
    """
    image = open_image(source, name)
    if conversion.colour_range is not None:
        scaled = scaled_colours(_all_bits(source, name), conversion.colour_range)
        scaled.info |= {FRAMES: image.info[FRAMES], DEEP_COLOUR: False}
        image = scaled
    if conversion.kinds is not None:
        conversion.kinds.append((image.mode, f"{image.width}x{image.height}"))
    if image.info[FRAMES]:
        conversion.seen.append(FRAMES)
    try:
        flat = in_8_bits(image, conversion.background, conversion.grey_range)
    except ValueError as error:
        raise DataError(f"{name}: {error}") from None
    if flat is not image and conversion.grey_range is None:
        conversion.seen.append(TRANSPARENT)
    try:
        pixels = to_pixels(flat, shape)
    except ValueError as error:
        raise DataError(f"{name}: {error}; save the image as RGB") from None
    if image.info[DEEP_COLOUR]:
        conversion.seen.append(f"{DEEP_COLOUR}{pixels.max()}")
    return pixels


def _all_bits(source: Source, name: str) -> NDArray[np.uint16]:
    """All bits of an image of 16-bit colour.

    Raises:
        DataError: The image is of another kind.
    """
    assert source is not None
    try:
        with _opened(source) as upper, _opened(source) as lower:
            return in_16_bits(upper, lower)
    except ValueError as error:
        raise DataError(f"{name}: {error}") from None


def _opened(source: Path | bytes) -> Image.Image:
    """An image whose header is read, and whose pixels are not.

    Raises:
        ValueError: The header claims far more pixels than so few bytes can hold.
    """
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
    pixels = image.width * image.height
    if pixels > max(_FREE_PIXELS, size * _PIXELS_A_BYTE):
        image.close()
        raise ValueError(f"{image.width} x {image.height} pixels in {size:,} bytes")
    return image


def _is_deep_colour(image: Image.Image) -> bool:
    """Whether a file has 16 bits a channel of colour, of which Pillow reads the upper 8."""
    for *_, arguments in getattr(image, "tile", ()):
        layout = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
        if _DEEP_LAYOUT.match(str(layout)):
            return True
    return False


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
