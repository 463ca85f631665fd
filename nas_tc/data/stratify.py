"""Which images are held out where images have several labels: iterative stratification."""

import numpy as np
from numpy.typing import NDArray


def iterative_split(
    labels: NDArray[np.uint8], held_out: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the images that stay and of `held_out` others, each label in proportion to both.

    First each label gets an image that stays, the rarest label first, as long as there is room.
    Then the label with the fewest images left is dealt, again and again: each of its images goes to
    the part that lacks most images of this label, or else most images at all, until it is full.

    Source: Sechidis, Tsoumakas & Vlahavas, "On the stratification of multi-label data" (2011),
    Algorithm 1; the first step and the exact sizes of both parts are ours.

    Args:
        labels: uint8, (n, classes): 1 where an image has a label.
        held_out: Number of images to hold out.
        seed: Seed for the order in which images are dealt.
    """
    count = len(labels)
    order = np.random.RandomState(seed).permutation(count)
    hot = labels[order].astype(bool)
    share = np.array([count - held_out, held_out]) / count
    room = np.array([count - held_out, held_out])  # images that a part still takes
    lacks = share[:, None] * hot.sum(axis=0)  # images of each label that a part still lacks
    part = np.full(count, -1)

    def deal(image: int, to: int) -> None:
        part[image] = to
        room[to] -= 1
        lacks[to] -= hot[image]

    for label in np.argsort(hot.sum(axis=0), kind="stable"):
        having = np.flatnonzero(hot[:, label])
        if len(having) and room[0] and not (part[having] == 0).any():
            deal(int(having[0]), 0)
    left = hot[part < 0].sum(axis=0)
    while left.any():
        label = int(np.where(left > 0, left, count + 1).argmin())
        for image in np.flatnonzero(hot[:, label] & (part < 0)).tolist():
            more = lacks[1, label] - lacks[0, label] or room[1] - room[0]
            to = int(more > 0)
            deal(image, to if room[to] else 1 - to)
            left -= hot[image]
    rest = np.flatnonzero(part < 0)  # images without labels
    part[rest] = 0
    part[rest[: room[1]]] = 1
    return np.sort(order[part == 0]), np.sort(order[part == 1])
