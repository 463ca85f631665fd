"""From image files to one uint8 array."""

import io
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from nas_tc.errors import DataError

_GREY_MODES = {"1", "L", "I;16"}
_DEEP_MODES = {"I", "F"}
_STEP = 1000  # images between two words about the progress
Source = Path | bytes  # an image file, or its content


@dataclass(frozen=True)
class Decoding:
    """Who watches while images are decoded.

    Attributes:
        progress: told how many images are decoded, of how many.
        broken: takes the messages about broken images, which are left black; None: the first one
            is an error.
    """

    progress: Callable[[int, int], None] = lambda _done, _total: None
    broken: list[str] | None = None


def decode_images(
    sources: Sequence[Source],
    names: Callable[[int], str],
    *,
    side: tuple[int, int] | None,
    channels: int | None = None,
    decoding: Decoding | None = None,
) -> NDArray[np.uint8]:
    """Decodes images into one array.

    An image of another size is scaled, keeping its proportions, and its centre is cut out.

    Args:
        sources: paths or contents of image files.
        names: how to call image i in an error.
        side: height and width in pixels; None: those of the first image.
        channels: 1 or 3; None: 1 if all images are grey.
        decoding: who watches.

    Returns:
        uint8, (n, height, width, channels).

    Raises:
        DataError: an image that is missing or broken, by name; or more than fits in memory.
    """
    decoding = decoding or Decoding()
    first = _first(sources, names, decoding)
    if channels is None:
        all_grey = first.mode in _GREY_MODES and all(map(_is_grey, sources))
        channels = 1 if all_grey else 3
    height, width = side or (first.height, first.width)
    check_memory(len(sources) * channels * height * width, len(sources))
    images = np.empty((len(sources), height, width, channels), dtype=np.uint8)
    broken = threading.Event()

    def decode(index: int) -> None:
        if broken.is_set():
            return
        try:
            image = _open(sources[index], names(index))
            images[index] = _pixels(image, channels, height, width)
        except DataError as error:
            if decoding.broken is not None:
                decoding.broken.append(str(error))
                images[index] = 0
                return
            broken.set()
            raise

    # Pillow releases the interpreter lock while it decodes.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, _ in enumerate(pool.map(decode, range(len(sources))), start=1):
            if done % _STEP == 0 or done == len(sources):
                decoding.progress(done, len(sources))
    return images


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
    check_memory(count * channels * side[0] * side[1], count)
    fitted = np.empty((count, *side, channels), dtype=np.uint8)
    for index, pixels in enumerate(images):
        image = Image.fromarray(pixels if channels == 3 else pixels[..., 0])
        fitted[index] = _pixels(image, channels, *side)
        if (index + 1) % _STEP == 0 or index + 1 == count:
            decoding.progress(index + 1, count)
    return fitted


def _first(
    sources: Sequence[Source], names: Callable[[int], str], decoding: Decoding
) -> Image.Image:
    """The first image, or the first that is whole where broken ones are only noted."""
    for index, source in enumerate(sources):
        try:
            return _open(source, names(index))
        except DataError:
            if decoding.broken is None:
                raise
    raise DataError(f"none of {len(sources)} images can be read, the first: {names(0)}")


def check_memory(bytes_needed: int, images: int) -> None:
    """Refuses a data set that would take more than 30 % of the machine's free memory.

    Splitting it and sharing it with the workers takes a copy each.

    Raises:
        DataError: saying what it needs, what there is, and the way out.
    """
    free = _free_memory_bytes()
    if bytes_needed > 0.3 * free:
        raise DataError(
            f"{images:,} images take {bytes_needed / 2**30:,.1f} GiB and {free / 2**30:,.1f} GiB "
            "of memory are free; search on a part of them, or on smaller images"
        )


def _free_memory_bytes() -> int:
    """Memory that can be had without swapping; where the system does not say, all there is."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        fields = dict(line.split(":") for line in meminfo.read_text().splitlines())
        return int(fields["MemAvailable"].split()[0]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _open(source: Source, name: str) -> Image.Image:
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
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


def _is_grey(source: Source) -> bool:
    """Whether an image is grey by its header; one that is broken is not colour, at any rate."""
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
            return image.mode in _GREY_MODES
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return True


def _pixels(image: Image.Image, channels: int, height: int, width: int) -> NDArray[np.uint8]:
    if image.mode == "I;16":  # 16 bits of grey: keep the upper 8
        image = image.point(lambda value: value / 256).convert("L")
    wanted = "L" if channels == 1 else "RGB"
    if image.mode != wanted:
        image = image.convert(wanted)
    if image.size != (width, height):
        image = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
    pixels = np.asarray(image)
    return pixels[..., None] if channels == 1 else pixels
