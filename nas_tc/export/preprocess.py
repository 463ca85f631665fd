"""Writes how an exported network's images are prepared: a Python file and its settings."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from nas_tc.architecture import Shape
from nas_tc.data import prepare
from nas_tc.training.scaling import interpolated

UNKNOWN_PREPARATION = (
    "The study is of a version that did not keep how transparent and 16-bit images were read: "
    "`preprocess` refuses them."
)
_HEIGHT, _WIDTH = "decoded_height", "decoded_width"
_UNKNOWN = {"background": None, "resample": "bilinear", "is_cut": True}
_DIGITS = {"resample": "bicubic", "is_cut": False}
_HEAD = '''"""Prepares images as the training has seen them. Needs torch, NumPy and Pillow.

    from preprocess import CLASSES, preprocess
    images = preprocess("photo.jpg")  # (1, {shape}), float, 0 to 1
"""

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

SETTINGS = json.loads(Path(__file__).with_name("preprocess.json").read_text(encoding="utf-8"))
CLASSES = tuple(SETTINGS["classes"])  # names, in the order of the scores
'''
_PREPROCESS = '''
def preprocess(image: str | Path | Image.Image) -> torch.Tensor:
    """An image as the network takes it: (1, channels, height, width), float, 0 to 1.

    Args:
        image: Path of an image file, or an image that Pillow has opened.

    Raises:
        ValueError: The image has a scale of its own, or is transparent and has no background.
    """
    opened = image if isinstance(image, Image.Image) else Image.open(image)
    flat = in_8_bits(upright(opened), SETTINGS["background"], SETTINGS["grey_range"])
    shape = {side}, SETTINGS["channels"]
    pixels = to_pixels(flat, shape, SETTINGS["resample"], is_cut=SETTINGS["is_cut"])
    images = torch.from_numpy(pixels.copy())[None]
    return {images}.permute(0, 3, 1, 2).float() / 255
'''
_WITH_FUNCTIONAL = """import Image, ImageOps
from torch import Tensor
from torch.nn import functional
"""
_OWN = 'SETTINGS["height"], SETTINGS["width"]'
_DECODED = 'SETTINGS["decoded_height"], SETTINGS["decoded_width"]'


def preprocess_settings(data: Mapping[str, Any], input: Shape) -> dict[str, Any]:
    """The content of `preprocess.json`.

    The images of a search are decoded at one size. If the network's own is another, the settings
    name both: `height` and `width` are the network's.

    Args:
        data: Settings of the images, as a study keeps them. A study of a version that kept none of
            the preparation has no background and no range of 16-bit grey.
        input: Channels, height and width of the network's input.
    """
    channels, *decoded = data["shape"]
    _, height, width = input
    kept = {**_UNKNOWN, **(_DIGITS if data["name"] == "digits" else {})}
    return {
        "height": height,
        "width": width,
        "channels": channels,
        **({} if decoded == [height, width] else {_HEIGHT: decoded[0], _WIDTH: decoded[1]}),
        **kept,
        **data.get("preparation", {}),
        "grey_range": data.get("grey_range"),
        "mean": data.get("mean"),
        "std": data.get("std"),
        "classes": list(data["classes"]),
    }


def is_known(data: Mapping[str, Any]) -> bool:
    """Whether a study keeps how its images were prepared.

    Args:
        data: Settings of the images, as a study keeps them.
    """
    return "preparation" in data


def is_scaled(settings: Mapping[str, Any]) -> bool:
    """Whether images are decoded at one size and scaled to the network's.

    Args:
        settings: From `preprocess_settings`.
    """
    return _HEIGHT in settings


def preprocess_source(shape: str, *, scales: bool = False) -> str:
    """Source of `preprocess.py`; its functions are those that read data sets and make batches.

    Args:
        shape: Shape of an image, in words: "3, 32, 32".
        scales: Whether images are scaled once more: see `is_scaled`.
    """
    functions: list[Callable[..., object]] = [prepare.upright, prepare.in_8_bits, prepare.to_pixels]
    head, side, images = _HEAD, _OWN, "images"
    if scales:
        functions.append(interpolated)
        head = head.replace("import Image, ImageOps\n", _WITH_FUNCTIONAL)
        side, images = _DECODED, f"interpolated(images, {_OWN})"
    preprocess = _PREPROCESS.lstrip().replace("{side}", side).replace("{images}", images)
    sources = [inspect.getsource(each).rstrip() + "\n" for each in functions]
    constant = f"SIXTEEN_BITS = {prepare.SIXTEEN_BITS!r}  # Pillow's modes of 16-bit grey\n"
    head = head.replace("{shape}", shape) + constant
    return "\n\n".join([head, *sources, preprocess])


def in_words(settings: Mapping[str, Any]) -> str:
    """How images are prepared, in words, for a README.

    Args:
        settings: From `preprocess_settings`.
    """
    how = "in proportion, and the centre is cut out" if settings["is_cut"] else "to fit"
    steps = [
        "turned upright, as its EXIF note says; of several frames the first counts;",
        "converted to grey;" if settings["channels"] == 1 else "converted to RGB, in this order;",
        f"scaled {how} ({settings['resample']}, as Pillow does it, which smooths when it shrinks);",
        "divided by 255. Mean and spread are part of the network.",
    ]
    if is_scaled(settings):
        decoded = f"scaled to {settings[_HEIGHT]} x {settings[_WIDTH]}, the images of the search,"
        own = f"scaled to {settings['height']} x {settings['width']}, the network's own size"
        steps[2] = steps[2].replace("scaled", decoded)
        steps.insert(3, f"{own} (bilinear with antialiasing, as torch does it);")
    if settings["background"] is None:
        colours = "refused where it is transparent: the study does not say on which background;"
    else:
        colours = "composed on #{:02x}{:02x}{:02x} where it is transparent;".format(
            *settings["background"]
        )
    if settings["grey_range"] is not None:
        low, high = settings["grey_range"]
        colours = f"read with its 16 bits of grey, of which {low:,} to {high:,} become 0 to 255;"
    steps.insert(1, colours)
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
