"""The paper's equations for widths (He & Sun 2015, Eqn. 2 to 11).

They leave out the map (section 4.1): within a stage its size counts as constant, although even
filters shrink it by a pixel now and then. The ratio of a replacement does not: it is Eqn. (1) with
the true maps.
"""

from math import sqrt


def terms(n_in: int, filter: int, depth: int, width: int, last_width: int) -> int:
    """The sum of n_(l-1) * s_l^2 * n_l over the layers of a stage (Eqn. 2), without the map.

    Args:
        n_in: Number of input channels of the layers.
        filter: Side of the filters, pixels.
        depth: Number of layers.
        width: Number of filters of each layer but the last.
        last_width: Number of filters of the last layer.
    """
    if depth == 1:
        return filter**2 * n_in * last_width
    return filter**2 * (n_in * width + (depth - 2) * width**2 + width * last_width)


def solve_width(n_in: int, filter: int, depth: int, last_width: int, target: float) -> float:
    """The width at which `terms` equals `target`, for a depth of 2 or more.

    It is the positive root of s^2 (n_in w + (depth - 2) w^2 + w last_width) = target, as in Eqn.
    (6).
    """
    linear, square, constant = n_in + last_width, depth - 2, target / filter**2
    if square == 0:
        return constant / linear
    return (sqrt(linear**2 + 4 * square * constant) - linear) / (2 * square)
