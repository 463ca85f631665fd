"""One image file as pixels."""

import io
import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from nas_tc.data.sources import Source
from nas_tc.errors import DataError, reason

SIXTEEN_BITS = {"I;16", "I;16B", "I;16L", "I;16N"}  # of grey, in either order of bytes
GREY_MODES = {"1", "L", *SIXTEEN_BITS}
_LFS = b"version https://git-lfs"
_WITH_FRAMES = {"GIF", "TIFF", "WEBP", "PNG"}
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


TRANSPARENT = "transparent"
FRAMES = "frames"


@dataclass(frozen=True)
class Conversion:
    """How images become bytes.

    Attributes:
        background: what transparent images are composed on: red, green and blue, 0 to 255.
        grey_range: the values of 16-bit grey that become 0 and 255; None: there is no such grey.
        seen: takes a word for each image that something is done to: `TRANSPARENT`, `FRAMES`.
        kinds: takes mode and size of each image.
    """

    background: tuple[int, int, int] = (255, 255, 255)
    grey_range: tuple[int, int] | None = None
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
            netpbm = image.format == "PPM"
            upright = ImageOps.exif_transpose(image)  # phones note how they were held
            if frames:
                upright.info[FRAMES] = True
            if netpbm and upright.mode == "I":  # which Pillow has scaled to 16 bits
                upright = Image.fromarray(np.asarray(upright).astype(np.uint16))
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
    if conversion.kinds is not None:
        conversion.kinds.append((image.mode, f"{image.width}x{image.height}"))
    if FRAMES in image.info:
        conversion.seen.append(FRAMES)
    if (image.mode in SIXTEEN_BITS) != (conversion.grey_range is not None):
        here, others = (16, 8) if image.mode in SIXTEEN_BITS else (8, 16)
        raise DataError(
            f"{name}: {here} bits a pixel, and the first training image has {others}, of another "
            "scale; convert all images to 8 bits"
        )
    try:
        if conversion.grey_range is not None:
            image = _scaled_grey(image, *conversion.grey_range)
        elif image.has_transparency_data:
            image = _composed(image, conversion)
        return to_pixels(image, shape)
    except ValueError as error:
        raise DataError(f"{name}: {error}; save the image as RGB") from None


def to_pixels(image: Image.Image, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """uint8 of `shape` (height, width, channels); scaled in proportion, and its centre cut out."""
    height, width, channels = shape
    wanted = "L" if channels == 1 else "RGB"
    if image.mode != wanted:
        image = image.convert(wanted)
    if image.size != (width, height):
        image = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
    pixels = np.asarray(image)
    return pixels[..., None] if channels == 1 else pixels


def _scaled_grey(image: Image.Image, low: int, high: int) -> Image.Image:
    """Grey of 16 bits as grey of 8, so that `low` becomes 0 and `high` 255."""
    scaled = (np.asarray(image).astype(np.float64) - low) * (255 / max(1, high - low))
    return Image.fromarray(np.clip(np.round(scaled), 0, 255).astype(np.uint8))


def _composed(image: Image.Image, conversion: Conversion) -> Image.Image:
    """An image on the background, if any of it is transparent."""
    layers = image.convert("RGBA")
    lowest, _ = layers.getchannel("A").getextrema()
    if lowest == 255:
        return image
    conversion.seen.append(TRANSPARENT)
    ground = Image.new("RGBA", layers.size, (*conversion.background, 255))
    return Image.alpha_composite(ground, layers).convert("RGB")


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
