"""Which images are held out: drawn evenly, by class, or by label where images have several.

The first two choose what scikit-learn's `train_test_split` chooses, since studies were made with
it. To load that takes 100 MB, which a search would hold to its end.
"""

import numpy as np
from numpy.typing import NDArray

Split = tuple[NDArray[np.int64], NDArray[np.int64]]  # indices that stay, and those held out


def even_split(labels: NDArray[np.int64], held_out: int, seed: int) -> Split:
    """Indices of the images that stay and of `held_out` others, whatever their classes.

    Args:
        labels: int64, (n,), number of each image's class.
        held_out: Number of images to hold out.
        seed: Seed of the choice.
    """
    order = np.random.RandomState(seed).permutation(len(labels))
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def class_split(labels: NDArray[np.int64], held_out: int, seed: int) -> Split:
    """Indices of the images that stay and of `held_out` others, each class in proportion to both.

    Args:
        labels: int64, (n,), number of each image's class.
        held_out: Number of images to hold out.
        seed: Seed of the choice.
    """
    random = np.random.RandomState(seed)
    _, which, counts = np.unique(labels, return_inverse=True, return_counts=True)
    members = np.split(np.argsort(which, kind="stable"), np.cumsum(counts)[:-1])
    stay = _in_proportion(counts, len(labels) - held_out, random)
    go = _in_proportion(counts - stay, held_out, random)
    kept, held = [], []
    for mine, first, second in zip(members, stay, go, strict=True):
        drawn = mine[random.permutation(len(mine))]
        kept.append(drawn[:first])
        held.append(drawn[first : first + second])
    return np.sort(np.concatenate(kept)), np.sort(np.concatenate(held))


def _in_proportion(
    counts: NDArray[np.int64], total: int, random: np.random.RandomState
) -> NDArray[np.int64]:
    """A number for each class, in proportion to its images, that add up to a total.

    The largest remainders count; of equal ones those that are drawn.

    Args:
        counts: Number of images of each class.
        total: What the numbers add up to.
        random: Source of the draws.
    """
    exact = counts / counts.sum() * total
    found = np.floor(exact)
    missing = int(total - found.sum())
    remainders = exact - found
    for remainder in np.unique(remainders)[::-1]:
        if not missing:
            break
        (equal,) = np.nonzero(remainders == remainder)
        more = min(len(equal), missing)
        found[random.choice(equal, size=more, replace=False)] += 1
        missing -= more
    whole: NDArray[np.int64] = found.astype(np.int64)
    return whole


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
