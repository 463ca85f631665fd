"""scikit-learn's handwritten digits: the data that is always at hand."""

import numpy as np
from PIL import Image

from nas_tc.data.images import ImageData, Split
from nas_tc.data.prepare import to_pixels
from nas_tc.data.splits import split_off

RESAMPLE = "bicubic"


def load_digits(side: tuple[int, int] | None) -> ImageData:
    """1,797 real 8x8 images of the digits 0 to 9, scaled to `side` (height, width; 32x32 if None).

    A fifth is for testing, a fifth for validation. Neither random crops nor flips: the digits are
    centred, and a mirrored one is another sign or none.

    Source: Alpaydin & Kaynak, "Optical recognition of handwritten digits", UCI, 1998; the part
    that scikit-learn ships.
    """
    from sklearn.datasets import load_digits as bundled  # noqa: PLC0415 - slow to import

    small, labels = bundled(return_X_y=True)
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
