"""Images that are there twice, to the pixel: in two splits, in training, or with two labels."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_tc.data.labels import Labels

_MOST_BYTES = 2**22  # of images that are hashed together


@dataclass(frozen=True)
class Duplicates:
    """Numbers of images that are there twice.

    Attributes:
        validation: Validation images that are training images, too.
        test: Test images that are training images, too.
        training: Training images that are there already.
        labelled_twice: Different images that are there under more than one class, or with other
            labels.
    """

    validation: int = 0
    test: int = 0
    training: int = 0
    labelled_twice: int = 0

    def harmful(self, *, multilabel: bool) -> list[str]:
        """What makes errors wrong, in words: images in two splits, and with two labels.

        Args:
            multilabel: Whether images have several labels.
        """
        other = "with different labels" if multilabel else "in two classes or more"
        found = [
            (self.validation, "validation image", "among those of training"),
            (self.test, "test image", "among those of training"),
            (self.labelled_twice, "image", f"there {other}"),
        ]
        return [
            f"1 {what} is {where}" if count == 1 else f"{count:,} {what}s are {where}"
            for count, what, where in found
            if count
        ]

    def to_dict(self) -> dict[str, Any]:
        """As plain numbers."""
        return asdict(self)


def find_duplicates(
    splits: Mapping[str, tuple[NDArray[np.uint8], Labels]], *, without_black: bool = False
) -> Duplicates:
    """Compares all images of a data set by a hash of their pixels.

    Args:
        splits: Images, uint8, (n, height, width, channels), and labels of "training", "validation"
            and "test".
        without_black: Whether black images do not count: they stand for broken ones.
    """
    hashes = {name: _hashes(images) for name, (images, _) in splits.items()}
    labels = {name: _label_ids(each) for name, (_, each) in splits.items()}
    if without_black:
        black = _hashes(np.zeros_like(splits["training"][0][:1]))[0]
        for name, each in hashes.items():
            hashes[name], labels[name] = each[each != black], labels[name][each != black]
    train = np.unique(hashes["training"])
    both = np.stack([np.concatenate([*hashes.values()]), np.concatenate([*labels.values()])], 1)
    of_pairs = np.unique(both, axis=0)[:, 0]
    return Duplicates(
        validation=int(np.isin(hashes["validation"], train).sum()),
        test=int(np.isin(hashes["test"], train).sum()),
        training=len(hashes["training"]) - len(train),
        labelled_twice=int((np.unique(of_pairs, return_counts=True)[1] > 1).sum()),
    )


def _label_ids(labels: Labels) -> NDArray[np.uint64]:
    """A number for each image that tells its labels from others."""
    return labels.astype(np.uint64) if labels.ndim == 1 else _hashes(labels)


def _hashes(rows: NDArray[Any]) -> NDArray[np.uint64]:
    """64 bits of each image's pixels: of a million images two agree by chance once in 10^7 sets."""
    found = bytearray()
    step = max(1, _MOST_BYTES // max(1, rows[:1].nbytes))
    for start in range(0, len(rows), step):
        block = np.ascontiguousarray(rows[start : start + step])
        for row in block:
            found += blake2b(row.data, digest_size=8).digest()
    return np.frombuffer(bytes(found), dtype=np.uint64)
