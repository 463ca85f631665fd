"""From what a user types after `--data` to images in memory."""

from pathlib import Path

from nas_tc.data.digits import load_digits
from nas_tc.data.imagefolder import load_imagefolder
from nas_tc.data.images import ImageData
from nas_tc.data.parquet import load_parquet
from nas_tc.errors import DataError, unknown

_FOLDERS = {"parquet": load_parquet, "imagefolder": load_imagefolder}
_KNOWN = ("digits", "parquet:DIR", "imagefolder:DIR")


def load_data(
    spec: str, *, side: tuple[int, int] | None = None, train_images: int | None = None
) -> ImageData:
    """The images that `spec` names, decoded and split.

    Args:
        spec: "digits", "parquet:DIR" or "imagefolder:DIR".
        side: height and width in pixels to scale to; None keeps the size of the first image.
        train_images: train on this many only, a fixed and stratified choice; None: on all.

    Raises:
        UnknownNameError: no such kind of data.
        DataError: files that are missing or broken, by name.
    """
    kind, colon, place = spec.partition(":")
    if spec == "digits":
        data = load_digits(side)
    elif kind in _FOLDERS:
        if not place:
            raise DataError(f"data {spec!r} lacks its folder; write {kind}:DIR")
        data = _FOLDERS[kind](Path(place).expanduser(), side, spec)
    else:
        raise unknown("data", kind if colon else spec, _KNOWN, within=spec)
    return data if train_images is None else data.with_fewer(train_images)
