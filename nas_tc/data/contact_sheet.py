"""A picture of a data set: some images of each class, a row a class."""

from pathlib import Path

import numpy as np
from PIL import Image

from nas_tc.data.images import Split
from nas_tc.errors import DataError

_MOST_ROWS = 40  # classes shown
_LEAST_SIDE = 48  # pixels that an image is enlarged to, in whole multiples
_GAP = 2  # pixels


def contact_sheet(split: Split, path: Path, *, columns: int = 12) -> int:
    """Writes a PNG with the first images of each class; small ones are enlarged unsmoothed.

    Args:
        split: Images to show.
        path: PNG file to write.
        columns: Number of images of each class.

    Returns:
        Number of classes shown: all, or the first forty.

    Raises:
        DataError: The picture cannot be written.
    """
    _, height, width, channels = split.images.shape
    scale = max(1, -(-_LEAST_SIDE // max(height, width)))
    several = split.labels.ndim == 2
    present = np.flatnonzero(split.labels.any(axis=0)) if several else np.unique(split.labels)
    classes = present[:_MOST_ROWS]
    tall, wide = height * scale + _GAP, width * scale + _GAP
    sheet = np.full((len(classes) * tall, columns * wide, channels), 255, dtype=np.uint8)
    for row, label in enumerate(classes):
        has_it = split.labels[:, label] > 0 if several else split.labels == label
        chosen = np.flatnonzero(has_it)[:columns]
        for column, image in enumerate(split.images[chosen]):
            large = image.repeat(scale, axis=0).repeat(scale, axis=1)
            top, left = row * tall, column * wide
            sheet[top : top + tall - _GAP, left : left + wide - _GAP] = large
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(sheet if channels == 3 else sheet[..., 0]).save(path, format="PNG")
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"cannot write {path}: {reason}; choose another --sheet") from None
    return len(classes)
