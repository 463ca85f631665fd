"""What a data set holds, as one looks at it before a search."""

from collections import Counter
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from nas_tc.data.images import ImageData, Split

_MOST_BYTES = 2**22  # of images that are gone through together


@dataclass(frozen=True)
class Survey:
    """A data set in figures.

    Attributes:
        name: as the user wrote it.
        shape: channels, height and width to which images were decoded.
        counts: images of each class in each split.
        mean: of the training images by channel, 0 to 1.
        std: their standard deviation.
        majority_error: of who always says the commonest class of training, by split, 0 to 1.
        modes: of the image files, as Pillow calls them, and how many have each.
        sizes: of the image files, width and height in pixels, and how many have each.
        duplicates_across: validation and test images that are training images too, to the pixel.
        duplicates_within: training images that are there already.
        two_classes: images that are there under more than one class.
        remarks: what was left out or done to images, a line each.
        broken: messages about images that cannot be read.
    """

    name: str
    shape: tuple[int, int, int]
    counts: dict[str, dict[str, int]]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    majority_error: dict[str, float]
    modes: dict[str, int]
    sizes: dict[str, int]
    duplicates_across: dict[str, int]
    duplicates_within: int
    two_classes: int
    remarks: tuple[str, ...]
    broken: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def survey(
    data: ImageData, broken: list[str], kinds: list[tuple[str, str]] | None = None
) -> Survey:
    """Looks at all images of a data set, as they were decoded.

    Args:
        data: the images; broken ones are black, and no duplicates of one another.
        broken: messages about images that could not be read.
        kinds: mode and size of each image file.
    """
    splits = {"training": data.train, "validation": data.validation, "test": data.test}
    digests = {name: _digests(split) for name, split in splits.items()}
    train = set(digests["training"])
    classes: dict[bytes, set[int]] = {}
    for name, split in splits.items():
        for digest, label in zip(digests[name], split.labels.tolist(), strict=True):
            classes.setdefault(digest, set()).add(label)
    black = _digests(Split(np.zeros_like(data.train.images[:1]), data.train.labels[:1]))[0]
    known = train - {black} if broken else train
    if broken:
        classes.pop(black, None)
    within = Counter(digests["training"])
    return Survey(
        name=data.name,
        shape=data.shape,
        counts={
            name: dict(zip(data.classes, _counts(split, len(data.classes)), strict=True))
            for name, split in splits.items()
        },
        mean=data.moments[0],
        std=data.moments[1],
        majority_error=data.majority_error,
        modes=dict(Counter(mode for mode, _ in kinds or ()).most_common()),
        sizes=dict(Counter(size for _, size in kinds or ()).most_common()),
        duplicates_across={
            name: sum(digest in known for digest in digests[name])
            for name in ("validation", "test")
        },
        duplicates_within=sum(count - 1 for digest, count in within.items() if digest in known),
        two_classes=sum(len(labels) > 1 for labels in classes.values()),
        remarks=data.remarks,
        broken=tuple(broken),
    )


def _counts(split: Split, classes: int) -> list[int]:
    return [int(count) for count in np.bincount(split.labels, minlength=classes)]


def _digests(split: Split) -> list[bytes]:
    """A hash of each image's pixels."""
    found = []
    step = max(1, _MOST_BYTES // split.images[0].nbytes) if len(split) else 1
    for start in range(0, len(split), step):
        block = np.ascontiguousarray(split.images[start : start + step])
        found += [blake2b(image.data, digest_size=16).digest() for image in block]
    return found
