"""From an opened image to a network's pixels, as data sets are read and exported networks are fed.

`nas_tc.export` writes these functions into an exported network's `preprocess.py`, so they need
NumPy and Pillow alone, and nothing else of this package.
"""

import sys

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")  # Pillow's modes of 16-bit grey
# Pillow's names of the order of a value's two bytes in a file, and the other order.
OTHER_ORDER = {"16B": "16L", "16L": "16B", "16N": "16B" if sys.byteorder == "little" else "16L"}


def upright(image: Image.Image) -> Image.Image:
    """The first frame of an image, turned as its EXIF note says.

    Args:
        image: Image that is open.
    """
    is_netpbm = image.format == "PPM"
    turned = ImageOps.exif_transpose(image)  # phones note how they were held
    if is_netpbm and turned.mode == "I":  # a PGM of 16 bits, which Pillow keeps in 32
        turned = Image.fromarray(np.asarray(turned).astype(np.uint16))
    return turned


def in_16_bits(upper: Image.Image, lower: Image.Image) -> NDArray[np.uint16]:
    """All bits of an image of 16-bit colour, uint16, (height, width, channels), upright.

    Pillow reads the upper 8 bits alone. Told that a file has its bytes in the other order, it reads
    the lower 8.

    Args:
        upper: Image that is open and not read yet.
        lower: The same image, opened once more.

    Raises:
        ValueError: The image has 8 bits a colour, or is in colours other than red, green and blue.
    """
    swapped = []
    for tile in getattr(lower, "tile", ()):  # of an image that is read there are none
        arguments = tile.args if isinstance(tile.args, tuple) else (tile.args,)
        colours, _, order = str(arguments[0]).partition(";")
        if not colours.startswith("RGB") or order not in OTHER_ORDER:
            raise ValueError(
                "8 bits a colour, and the training images have 16, of which they use few; save all "
                "images with 8 bits"
            )
        other = f"{colours};{OTHER_ORDER[order]}", *arguments[1:]
        swapped.append(tile._replace(args=other if isinstance(tile.args, tuple) else other[0]))
    if swapped:
        lower.tile[:] = swapped  # type: ignore[attr-defined]
    values = np.asarray(upright(upper)).astype(np.uint16) * 256
    return np.asarray(values + np.asarray(upright(lower)), dtype=np.uint16)


def scaled_colours(values: NDArray[np.uint16], colour_range: tuple[int, int]) -> Image.Image:
    """An image of 8 bits a colour.

    Args:
        values: From `in_16_bits`; a fourth channel is alpha, of which the upper 8 bits are taken.
        colour_range: Values that become 0 and 255.
    """
    low, high = colour_range
    scaled = (values.astype(np.float64) - low) * (255 / max(1, high - low))
    pixels = np.clip(np.round(scaled), 0, 255).astype(np.uint8)
    pixels[..., 3:] = values[..., 3:] >> 8
    return Image.fromarray(pixels)


def in_8_bits(
    image: Image.Image,
    background: tuple[int, int, int] | None,
    grey_range: tuple[int, int] | None,
) -> Image.Image:
    """An image with 8 bits a channel and nothing transparent; itself, if it is so already.

    Args:
        image: Image, upright.
        background: Red, green and blue, 0 to 255, on which a transparent image is composed; None:
            nobody knows, and such images are refused.
        grey_range: Values of 16-bit grey that become 0 and 255; None: 16-bit grey is refused.

    Raises:
        ValueError: The image has a scale of its own, or is transparent and has no background.
    """
    if image.mode in ("I", "F"):
        raise ValueError("the image has 32 bits a pixel, whose scale nobody knows; convert it to 8")
    if (image.mode in SIXTEEN_BITS) != (grey_range is not None):
        here, others = (16, 8) if image.mode in SIXTEEN_BITS else (8, 16)
        raise ValueError(
            f"{here} bits a pixel, and the first training image has {others}, of another scale; "
            "save all images with 8 bits"
        )
    if grey_range is not None:
        low, high = grey_range
        scaled = (np.asarray(image).astype(np.float64) - low) * (255 / max(1, high - low))
        return Image.fromarray(np.clip(np.round(scaled), 0, 255).astype(np.uint8))
    if not image.has_transparency_data:
        return image
    layers = image.convert("RGBA")
    if layers.getchannel("A").getextrema()[0] == 255:  # opaque everywhere
        return image
    if background is None:
        raise ValueError("the image is transparent, and nobody knows on which background it is")
    ground = Image.new("RGBA", layers.size, (*background, 255))
    return Image.alpha_composite(ground, layers).convert("RGB")


def to_pixels(
    image: Image.Image,
    shape: tuple[int, int, int],
    resample: str = "bilinear",
    *,
    is_cut: bool = True,
) -> NDArray[np.uint8]:
    """uint8 of `shape` (height, width, channels).

    Args:
        image: Image with 8 bits a channel.
        shape: Height, width, and channels: 1 for grey, 3 for RGB.
        resample: Filter with which another size is scaled: "bilinear" or "bicubic".
        is_cut: Whether an image of other proportions keeps them and its centre is cut out;
            otherwise it is stretched.

    Raises:
        ValueError: Pillow cannot convert the colours.
    """
    height, width, channels = shape
    wanted = "L" if channels == 1 else "RGB"
    if image.mode != wanted:
        image = image.convert(wanted)
    if image.size != (width, height):
        filter = Image.Resampling[resample.upper()]
        size = (width, height)
        image = ImageOps.fit(image, size, filter) if is_cut else image.resize(size, filter)
    pixels = np.asarray(image)
    return pixels[..., None] if channels == 1 else pixels
