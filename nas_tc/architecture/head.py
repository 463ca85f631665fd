"""The head: from the last feature map to the class scores."""

import re
from dataclasses import dataclass, replace
from typing import Literal

from nas_tc.errors import ArchitectureError, NotationError, unknown

_HEAD = re.compile(r"([^\[\]]*)(?:\[\s*(\d{1,6}(?:\s*,\s*\d{1,6})*)\s*\])?")

_MOST = 1_000_000  # bins a side, or neurons
_MOST_LAYERS = 100  # levels of the pyramid and hidden layers together


@dataclass(frozen=True, slots=True)
class Head:
    """Pyramid pooling to a fixed length, hidden fully connected layers, a linear classifier.

    Each level of the pyramid pools the last map to `bins` x `bins`, whatever its size (He et al.,
    "Spatial pyramid pooling", 2014); the levels are concatenated. One level of a single average
    bin is global average pooling. A single level of 6x6 maximum bins on a 13x13 map is exactly
    AlexNet's last 3x3 pooling with stride 2.

    Raises:
        ArchitectureError: A bin or a width is below 1 or above a million, or the drop-out is
            outside [0, 1).
    """

    pool: Literal["average", "max"]
    bins: tuple[int, ...]  # side of each pyramid level, bins
    hidden: tuple[int, ...] = ()  # widths of the hidden fully connected layers
    dropout: float = 0.0  # probability, after each hidden layer; without one, after the pooling

    def __post_init__(self) -> None:
        if self.pool not in ("average", "max"):
            raise ArchitectureError(f"a head pools by 'average' or 'max', not {self.pool!r}")
        if not self.bins or min(self.bins) < 1:
            raise ArchitectureError(f"a head needs pyramid bins of 1 or more, not {self.bins}")
        if self.hidden and min(self.hidden) < 1:
            raise ArchitectureError(f"hidden widths must be 1 or more, not {self.hidden}")
        if max(*self.bins, *self.hidden, 0) > _MOST or len(self.bins + self.hidden) > _MOST_LAYERS:
            raise ArchitectureError(
                f"a head has bins and widths of {_MOST:,} at most, and {_MOST_LAYERS} of them"
            )
        if not 0 <= self.dropout < 1:
            raise ArchitectureError(f"drop-out must lie in [0, 1), not {self.dropout}")

    @property
    def values_per_channel(self) -> int:
        """Length of the pooled vector for each channel of the last map."""
        return sum(side * side for side in self.bins)


GAP = Head("average", bins=(1,))
"""Global average pooling and a linear classifier (Lin et al., "Network in network", 2014)."""

SPP = Head("max", bins=(6, 3, 2, 1), hidden=(4096, 4096), dropout=0.5)
"""The paper's head: a pyramid of 50 bins and two 4096-d layers with drop-out (section 5)."""

HEADS: dict[str, Head] = {"gap": GAP, "spp": SPP}


def head_named(name: str) -> Head:
    """The head called `name`: "gap" or "spp", with hidden layers "gap[1280]" or "spp[512,512]".

    Args:
        name: Name of the head; in brackets the widths of its hidden fully connected layers.

    Raises:
        UnknownNameError: No head has this name.
        NotationError: The widths cannot be read.
        ArchitectureError: A width is 0.
    """
    match = _HEAD.fullmatch(name.strip())
    if match is None:
        raise NotationError(f"cannot read the head {name!r}; write it like 'gap' or 'gap[1280]'")
    plain, widths = match[1].strip(), match[2]
    if plain not in HEADS:
        raise unknown("head", plain, HEADS)
    if widths is None:
        return HEADS[plain]
    return replace(HEADS[plain], hidden=tuple(map(int, widths.split(","))))


def format_head(head: Head) -> str | None:
    """The name of a head but for its drop-out, which `head_named` reads; None if it has none."""
    for name, known in HEADS.items():
        if (head.pool, head.bins) == (known.pool, known.bins):
            if head.hidden == known.hidden:
                return name
            if head.hidden:
                return f"{name}[{','.join(map(str, head.hidden))}]"
    return None
