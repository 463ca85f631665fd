"""What the scaled networks for small devices share: rounded widths, strides for small images."""

from collections.abc import Sequence


def round_channels(channels: float) -> int:
    """The nearest multiple of 8, or the next one where that would lose more than a tenth."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near


def last_halvings(strides: Sequence[int], kept: int) -> list[int]:
    """Strides of 1 and 2 of which the last `kept` that halve are left; the others become 1."""
    dropped = sum(stride == 2 for stride in strides) - kept
    found: list[int] = []
    for stride in strides:
        drops = stride == 2 and dropped > 0
        dropped -= drops
        found.append(1 if drops else stride)
    return found
