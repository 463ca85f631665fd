"""scikit-learn's handwritten digits: the data that is always at hand."""

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nas_tc.data.images import ImageData, Split
from nas_tc.data.prepare import to_pixels
from nas_tc.data.splits import split_off

RESAMPLE = "bicubic"

_FILE = Path("datasets", "data", "digits.csv.gz")  # in scikit-learn's package


def load_digits(side: tuple[int, int] | None) -> ImageData:
    """1,797 real 8x8 images of the digits 0 to 9, scaled to `side` (height, width; 32x32 if None).

    A fifth is for testing, a fifth for validation. Neither random crops nor flips: the digits are
    centred, and a mirrored one is another sign or none.

    Source: Alpaydin & Kaynak, "Optical recognition of handwritten digits", UCI, 1998; the part
    that scikit-learn ships.
    """
    small, labels = _bundled()
    height, width = side or (32, 32)
    grey = np.round(small.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)  # 0..16 in the source
    scaled = [
        to_pixels(Image.fromarray(each), (height, width, 1), RESAMPLE, is_cut=False)
        for each in grey
    ]
    whole = Split(np.stack(scaled), labels.astype(np.int64))
    rest, test = split_off(whole, len(whole) // 5)
    train, validation = split_off(rest, len(whole) // 5)
    return ImageData(
        name="digits",
        train=train,
        validation=validation,
        test=test,
        classes=tuple("0123456789"),
        augment=frozenset(),
    )


def _bundled() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Values of the pixels, 0 to 16, shape (images, 64), and the digits, shape (images,).

    They are those of `sklearn.datasets.load_digits`. To import that takes 100 MB, which a search
    would hold to its end, so its file is read, where a version of scikit-learn keeps it.
    """
    package = find_spec("sklearn")
    if package is not None and package.origin is not None:
        path = Path(package.origin).parent / _FILE
        if path.is_file():
            with gzip.open(path, "rt") as file:
                rows = np.loadtxt(file, delimiter=",")
            return rows[:, :-1], rows[:, -1].astype(np.int64)
    from sklearn.datasets import load_digits as bundled  # noqa: PLC0415 - slow to import

    values, labels = bundled(return_X_y=True)
    return np.asarray(values, dtype=np.float64), np.asarray(labels, dtype=np.int64)
