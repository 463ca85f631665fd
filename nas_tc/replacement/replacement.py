"""The result of a layer replacement: the trade-off, its place, and the new network."""

from dataclasses import dataclass
from typing import Literal, get_args

from nas_tc.architecture import Architecture

PaperTradeOff = Literal["depth-filter", "depth-width", "width-filter", "pooling", "delay"]
BlockTradeOff = Literal[
    "basic-plain",
    "bottleneck-basic",
    "separable-plain",
    "expansion-depth",
    "expansion-width",
    "resolution-depth",
    "resolution-width",
]
TradeOff = PaperTradeOff | BlockTradeOff
PAPER_TRADE_OFFS: tuple[PaperTradeOff, ...] = get_args(PaperTradeOff)
TRADE_OFFS: tuple[TradeOff, ...] = (*PAPER_TRADE_OFFS, *get_args(BlockTradeOff))


@dataclass(frozen=True, slots=True)
class Replacement:
    """A network with a few layers replaced by others, at about the original's complexity.

    Attributes:
        trade_off: The two factors that were traded against each other.
        stages: Numbers of the stages that changed, in the original, from 1. With another
            resolution the maps of all others change, too.
        change: Change of their layers in words: "three 3x3 -> six 2x2".
        architecture: New network.
        complexity: Multiply-adds of the new network's convolutions, for one image.
        ratio: Ratio of the new network's complexity to the original's.
    """

    trade_off: TradeOff
    stages: tuple[int, ...]
    change: str
    architecture: Architecture
    complexity: int
    ratio: float

    @property
    def description(self) -> str:
        """One line: "three 3x3 -> six 2x2, stage 3, complexity x0.96"."""
        return f"{self.change}, {self.place}, complexity x{self.ratio:.2f}"

    @property
    def place(self) -> str:
        """The stages in words: "stage 3", "stages 1, 2 and 3"."""
        *most, last = self.stages
        return f"stages {', '.join(map(str, most))} and {last}" if most else f"stage {last}"
