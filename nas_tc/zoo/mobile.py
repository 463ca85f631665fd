"""Rounded widths, and strides for small images, of MobileNets and EfficientNets."""

from collections.abc import Sequence


def round_channels(channels: float) -> int:
    """Nearest multiple of 8, at least 8; the next one up if that is less than 0.9 `channels`."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near


def last_halvings(strides: Sequence[int], kept: int) -> list[int]:
    """Strides in which only the last `kept` of the 2s remain; the others become 1.

    So a network for large images halves the maps of small ones less often, and late.

    Args:
        strides: Strides of the layers in order, 1 or 2.
        kept: Number of strides of 2 to keep.
    """
    dropped = sum(stride == 2 for stride in strides) - kept
    found: list[int] = []
    for stride in strides:
        drops = stride == 2 and dropped > 0
        dropped -= drops
        found.append(1 if drops else stride)
    return found
