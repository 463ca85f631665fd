"""What a data set's name says about how its files are read: background, separator of labels."""

from dataclasses import dataclass
from typing import Any

from PIL import ImageColor

from nas_tc.data.digits import RESAMPLE as DIGITS_RESAMPLE
from nas_tc.errors import DataError

_WHITE = (255, 255, 255)


# Signs that a shell or the comma before the option would take for their own have names.
_SEPARATORS = {"space": " ", "comma": ",", "semicolon": ";", "pipe": "|", "tab": "\t"}
_OPTIONS = ("background", "separator")


@dataclass(frozen=True)
class Named:
    """A data set's place and the options after it.

    Attributes:
        place: Place or name, without options.
        background: Colour on which transparent images are composed: red, green and blue.
        separator: What separates the labels of an image in a field of a table; None: nothing.
    """

    place: str
    background: tuple[int, int, int] = _WHITE
    separator: str | None = None


def read_options(place: str) -> Named:
    """The place of a data set without ",background=COLOUR" and ",separator=SIGN", and these.

    Args:
        place: Place or name of a data set, as the user wrote it.

    Raises:
        DataError: There is no such colour, or an option is there twice.
    """
    found: dict[str, str] = {}
    while (option := max(_OPTIONS, key=lambda each: place.rfind(f",{each}="))) and (
        f",{option}=" in place
    ):
        place, _, value = place.rpartition(f",{option}=")
        if option in found:
            raise DataError(f"{option}= is there twice; write it once")
        if not value:
            raise DataError(f"{option}= has no value; write one, as in background=black")
        found[option] = value
    background = _colour(found["background"]) if "background" in found else _WHITE
    separator = found.get("separator")
    return Named(place, background, separator and _SEPARATORS.get(separator, separator))


def _colour(text: str) -> tuple[int, int, int]:
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        raise DataError(
            f"background={text}: no colour; write a name as black, or red, green and blue as "
            "#1e90ff"
        ) from None
    return red, green, blue


def preparation(name: str) -> dict[str, Any]:
    """How images of a data set became pixels, for a study: arguments of `nas_tc.data.prepare`.

    Args:
        name: Name of the data set, as the user wrote it.

    Returns:
        `background`, red, green and blue; `resample`, the filter; `is_cut`, whether images keep
        their proportions. `ImageData.grey_range` and `colour_range` are
        the rest.
    """
    is_digits = name == "digits"
    return {
        "background": list(read_options(name).background),
        "resample": DIGITS_RESAMPLE if is_digits else "bilinear",
        "is_cut": not is_digits,
    }
