"""Writes how an exported network's images are prepared: a Python file and its settings."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from nas_tc.architecture import Shape
from nas_tc.data import prepare
from nas_tc.training import scaling

UNKNOWN_PREPARATION = (
    "The study is of a version that did not keep how transparent and 16-bit images were read: "
    "`preprocess` refuses them."
)
_HEIGHT, _WIDTH = "decoded_height", "decoded_width"
_UNKNOWN = {"background": None, "resample": "bilinear", "is_cut": True}
_DIGITS = {"resample": "bicubic", "is_cut": False}
_HEAD = '''"""Prepares images as the training has seen them. Needs NumPy and Pillow.

    from preprocess import CLASSES, preprocess, to_array
    images = preprocess("photo.jpg")  # (1, {shape}), float, 0 to 1; needs torch
    images = to_array("photo.jpg")  # the same values as an array, for onnxruntime
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

if TYPE_CHECKING:
    import torch

SETTINGS = json.loads(Path(__file__).with_name("preprocess.json").read_text(encoding="utf-8"))
CLASSES = tuple(SETTINGS["classes"])  # names, in the order of the scores
'''
_THRESHOLD = 0.5  # probability, as in the tables of a report
_PREPROCESS = '''
def to_array(image: str | Path | Image.Image) -> NDArray[np.float32]:
    """An image as the network takes it: (1, channels, height, width), float, 0 to 1.

    Args:
        image: Path of an image file, or an image that Pillow has opened.

    Raises:
        ValueError: The image has a scale of its own, or is transparent and has no background.
    """
{opened}
    flat = in_8_bits(opened, SETTINGS["background"], SETTINGS["grey_range"])
    shape = {side}, SETTINGS["channels"]
    pixels = to_pixels(flat, shape, SETTINGS["resample"], is_cut=SETTINGS["is_cut"])
    return {pixels}.astype(np.float32)[None].transpose(0, 3, 1, 2) / np.float32(255)


def preprocess(image: str | Path | Image.Image) -> "torch.Tensor":
    """The same as a tensor of torch."""
    import torch

    return torch.from_numpy(to_array(image))


def named(scores: Sequence[float]) -> str:
    """The class with the highest of an image's scores; of several labels those above the limit."""
    if SETTINGS["probabilities"] == "sigmoid":
        limit = SETTINGS["threshold"]
        shares = [1 / (1 + math.exp(min(700.0, -score))) for score in scores]
        found = [(name, share) for name, share in zip(CLASSES, shares) if share > limit]
    else:
        best = max(range(len(scores)), key=lambda at: scores[at])
        total = sum(math.exp(score - scores[best]) for score in scores)
        found = [(CLASSES[best], 1 / total)]
    return ", ".join(f"{name} ({100 * share:.1f} %)" for name, share in found) or "none"
'''


_OPENED = """\
    opened = upright(image if isinstance(image, Image.Image) else Image.open(image))"""
_IN_16_BITS = """\
    if isinstance(image, Image.Image):
        raise ValueError("Pillow has only 8 of an image's 16 bits; give the path of its file")
    values = in_16_bits(Image.open(image), Image.open(image))
    opened = scaled_colours(values, SETTINGS["colour_range"])"""
_WITH_CEIL = """import math
from math import ceil
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
    several = data.get("multilabel", False)
    kept = {**_UNKNOWN, **(_DIGITS if data["name"] == "digits" else {})}
    return {
        "height": height,
        "width": width,
        "channels": channels,
        **({} if decoded == [height, width] else {_HEIGHT: decoded[0], _WIDTH: decoded[1]}),
        **kept,
        **data.get("preparation", {}),
        "grey_range": data.get("grey_range"),
        **({"colour_range": data["colour_range"]} if data.get("colour_range") else {}),
        "mean": data.get("mean"),
        "std": data.get("std"),
        "probabilities": "sigmoid" if several else "softmax",
        **({"threshold": _THRESHOLD} if several else {}),
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


def preprocess_source(shape: str, *, scales: bool = False, is_deep: bool = False) -> str:
    """Source of `preprocess.py`; its functions are those that read data sets and make batches.

    Args:
        shape: Shape of an image, in words: "3, 32, 32".
        scales: Whether images are scaled once more: see `is_scaled`.
        is_deep: Whether 16 bits of colour are scaled by their range.
    """
    functions: list[Callable[..., object]] = [prepare.upright, prepare.in_8_bits, prepare.to_pixels]
    constants = [f"SIXTEEN_BITS = {prepare.SIXTEEN_BITS!r}  # Pillow's modes of 16-bit grey"]
    head, side, pixels = _HEAD, _OWN, "pixels"
    if scales:
        functions += [scaling.scaled_array, scaling.taps, scaling.bits_of]
        constants += [f"MOST_BITS = {scaling.MOST_BITS}", f"WORD = {scaling.WORD}"]
        head = head.replace("import math\n", _WITH_CEIL)
        side, pixels = _DECODED, f"scaled_array(pixels, {_OWN})"
    opened = _OPENED
    if is_deep:
        functions += [prepare.in_16_bits, prepare.scaled_colours]
        constants += [f"OTHER_ORDER = {prepare.OTHER_ORDER!r}  # of two bytes, by Pillow's names"]
        opened = _IN_16_BITS
    preprocess = _PREPROCESS.lstrip().replace("{side}", side).replace("{pixels}", pixels)
    preprocess = preprocess.replace("{opened}", opened)
    sources = [inspect.getsource(each).rstrip() + "\n" for each in functions]
    head = head.replace("{shape}", shape) + "\n".join(constants) + "\n"
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
    if "colour_range" in settings:
        low, high = settings["colour_range"]
        steps.insert(
            1, f"read with its 16 bits a colour, of which {low:,} to {high:,} become 0 to 255;"
        )
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
