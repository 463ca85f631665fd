"""Where a family subsamples on images of a given size."""

_LAST = 7  # pixels a side of the last map at 224: what the published designs end with
_LEAST = 4  # pixels a side of the last map that a form for a small budget may come down to
LARGE = 96  # pixels a side of images whose first filter is 7x7, as published


def halvings(side: int, last: int = _LAST) -> int:
    """How often images of `side` pixels can be halved to maps of `last` pixels or more."""
    return max(0, (side // last).bit_length() - 1)


def openings(side: int, most_stages: int, most_early: int) -> tuple[tuple[int, int], ...]:
    """How a network whose stages halve the map may begin, and how many stages it then has.

    The first way subsamples the least: its stages lead from the images down to maps of 7 pixels,
    or, where that takes more stages than the design has, from the images after as many halvings
    as it begins with. Each further way halves the images once more before the first stage, and
    may end with maps of 4 pixels.

    Args:
        side: Side of the images, pixels.
        most_stages: Number of stages of the published design.
        most_early: Number of halvings before the first stage of the published design.

    Returns:
        Pairs of halvings before the first stage and of stages.
    """
    most = halvings(side, _LEAST)
    longest = (halvings(side) or most) + 1
    first = min(most_early, max(0, longest - most_stages))
    later = range(first + 1, most)
    return (
        (first, min(most_stages, longest - first)),
        *((early, min(most_stages, most + 1 - early)) for early in later),
    )


def stem(early: int, side: int) -> tuple[int, int, bool]:
    """A first convolution that halves images of `side` pixels `early` times, with a pooling's help.

    Args:
        early: How often the images are halved.
        side: Side of the images, pixels.

    Returns:
        The filter's size and stride, and whether a pooling with stride 2 follows.
    """
    stride = 2 ** min(early, max(1, early - 1))
    filter = 7 if early and side >= LARGE else 3
    return max(filter, 2 * stride - 1), stride, early > 1
