"""What a data set holds, as one looks at it before a search."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nas_tc.data.duplicates import find_duplicates
from nas_tc.data.images import ImageData, Split
from nas_tc.data.labels import class_counts


@dataclass(frozen=True)
class Survey:
    """A data set in figures.

    Attributes:
        name: as the user wrote it.
        shape: channels, height and width to which images were decoded.
        counts: images of each class in each split.
        images: images of each split.
        labels_an_image: how many images have how many labels; empty where each has one.
        mean: of the training images by channel, 0 to 1.
        std: their standard deviation.
        majority_error: of who looks at no image, by split, 0 to 1: see `ImageData.majority`.
        modes: of the image files, as Pillow calls them, and how many have each.
        sizes: of the image files, width and height in pixels, and how many have each.
        duplicates_across: validation and test images that are training images too, to the pixel.
        duplicates_within: training images that are there already.
        two_classes: images that are there under more than one class, or with different labels.
        remarks: what was left out or done to images, a line each.
        broken: messages about images that cannot be read.
    """

    name: str
    shape: tuple[int, int, int]
    counts: dict[str, dict[str, int]]
    images: dict[str, int]
    labels_an_image: dict[int, int]
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
    twice = data.duplicates
    if broken:
        twice = find_duplicates(data.labelled_images(), without_black=True)
    return Survey(
        name=data.name,
        shape=data.shape,
        counts={
            name: dict(zip(data.classes, _counts(split, len(data.classes)), strict=True))
            for name, split in splits.items()
        },
        mean=data.moments[0],
        images={name: len(split) for name, split in splits.items()},
        labels_an_image=_labels_an_image(data),
        std=data.moments[1],
        majority_error=data.majority_error,
        modes=dict(Counter(mode for mode, _ in kinds or ()).most_common()),
        sizes=dict(Counter(size for _, size in kinds or ()).most_common()),
        duplicates_across={"validation": twice.validation, "test": twice.test},
        duplicates_within=twice.training,
        two_classes=twice.labelled_twice,
        remarks=data.remarks,
        broken=tuple(broken),
    )


def _counts(split: Split, classes: int) -> list[int]:
    return [int(count) for count in class_counts(split.labels, classes)]


def _labels_an_image(data: ImageData) -> dict[int, int]:
    if not data.multilabel:
        return {}
    splits = (data.train, data.validation, data.test)
    numbers = np.concatenate([split.labels.sum(axis=1, dtype=np.int64) for split in splits])
    return dict(sorted(Counter(numbers.tolist()).items()))
