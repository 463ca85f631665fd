"""What a data set's name says about how its image files become pixels."""

from typing import Any

from PIL import ImageColor

from nas_tc.data.digits import RESAMPLE as DIGITS_RESAMPLE
from nas_tc.errors import DataError

_WHITE = (255, 255, 255)


def split_background(place: str) -> tuple[str, tuple[int, int, int]]:
    """The place without ",background=COLOUR", and the colour as red, green, blue; white by default.

    Args:
        place: Place or name of a data set, as the user wrote it.

    Raises:
        DataError: There is no such colour.
    """
    place, comma, colour = place.rpartition(",background=")
    if not comma:
        return colour, _WHITE
    try:
        red, green, blue = ImageColor.getrgb(colour)[:3]
    except ValueError:
        raise DataError(
            f"background={colour}: no colour; write a name as black, or red, green and blue as "
            "#1e90ff"
        ) from None
    return place, (red, green, blue)


def preparation(name: str) -> dict[str, Any]:
    """How images of a data set became pixels, for a study: arguments of `nas_tc.data.prepare`.

    Args:
        name: Name of the data set, as the user wrote it.

    Returns:
        `background`, red, green and blue; `resample`, the filter; `is_cut`, whether images keep
        their proportions. `ImageData.grey_range` is the rest.
    """
    is_digits = name == "digits"
    return {
        "background": list(split_background(name)[1]),
        "resample": DIGITS_RESAMPLE if is_digits else "bilinear",
        "is_cut": not is_digits,
    }
