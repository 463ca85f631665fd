"""EfficientNets and their compound scaling (Tan & Le, "EfficientNet", 2019).

B0 is Table 1; the others scale its depth, width and resolution by the published coefficients.
Stochastic depth, which training alone uses, is left out. The errors are the paper's Table 2.
"""

from dataclasses import dataclass
from math import ceil

from nas_tc.architecture import Architecture, Head, Inverted, Stage
from nas_tc.zoo.entry import Entry
from nas_tc.zoo.mobile import last_halvings, round_channels

# Expansion, filter size, stride, width and depth of B0's seven stages, its Table 1.
_B0 = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)


@dataclass(frozen=True, slots=True)
class Scaling:
    """Factors of depth, width and resolution relative to the base network."""

    depth: float
    width: float
    resolution: float

    @property
    def cost(self) -> float:
        """Factor of the multiply-adds: depth * width^2 * resolution^2."""
        return self.depth * self.width**2 * self.resolution**2


def compound_scaling(
    phi: float, alpha: float = 1.2, beta: float = 1.1, gamma: float = 1.15
) -> Scaling:
    """The compound scaling rule (Tan & Le 2019, Eqn. 3): alpha^phi, beta^phi, gamma^phi.

    With alpha * beta^2 * gamma^2 near 2, each step of `phi` doubles the multiply-adds. The
    default values are the paper's, found by a grid search on B0.
    """
    return Scaling(alpha**phi, beta**phi, gamma**phi)


def efficientnet(width: float, depth: float, side: int, dropout: float) -> Architecture:
    """B0 with its widths and depths scaled, for images of `side` x `side` pixels."""
    return Architecture(
        input=(3, side, side),
        stages=efficientnet_stages(width, depth),
        head=Head("average", bins=(1,), dropout=dropout),
        classes=1000,
        norm="batch",
        activation="silu",
    )


def efficientnet_stages(width: float, depth: float, halvings: int = 5) -> tuple[Stage, ...]:
    """The stages of B0 with their widths and depths scaled.

    Widths are rounded to multiples of 8, losing a tenth at most; depths are rounded up.

    Args:
        width: times the published widths.
        depth: times the published depths.
        halvings: how many of the five strides of 2 are kept, the last ones.
    """
    strides = last_halvings([2, *(stride for _, _, stride, _, _ in _B0)], halvings)
    stages = [Stage(1, round_channels(32 * width), 3, stride=strides[0])]
    stages += [
        Stage(
            depth=ceil(round(units * depth, 9)),
            width=round_channels(channels * width),
            filter=filter,
            stride=stride,
            block=Inverted(expansion, se=4),
        )
        for (expansion, filter, _, channels, units), stride in zip(_B0, strides[1:], strict=True)
    ]
    stages.append(Stage(1, round_channels(1280 * width), 1))
    return tuple(stages)


def _entry(name: str, architecture: Architecture, top1_error: float, top5_error: float) -> Entry:
    return Entry(name, architecture, "Tan & Le 2019, Tables 1 and 2", top1_error, top5_error)


ENTRIES = (
    _entry("efficientnet-b0", efficientnet(1.0, 1.0, 224, 0.2), 0.229, 0.067),
    _entry("efficientnet-b3", efficientnet(1.2, 1.4, 300, 0.3), 0.184, 0.043),
    _entry("efficientnet-b7", efficientnet(2.0, 3.1, 600, 0.5), 0.157, 0.030),
)
