"""Blocks: what a unit of a stage consists of, one frozen value a file.

A block has `convs`, the number of convolutions on its longest path, and `layers(unit)`. To add a
block, write its file and name it in `Block` and `BLOCKS`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from nas_tc.architecture.blocks.depthwise import Depthwise, Separable
from nas_tc.architecture.blocks.inception import Inception
from nas_tc.architecture.blocks.inverted import Inverted
from nas_tc.architecture.blocks.plain import Plain
from nas_tc.architecture.blocks.residual import Basic, Bottleneck
from nas_tc.architecture.blocks.unit import Unit

Block = Plain | Depthwise | Separable | Basic | Bottleneck | Inverted | Inception

BLOCKS: Mapping[str, type[Block]] = MappingProxyType(
    {
        "plain": Plain,
        "depthwise": Depthwise,
        "separable": Separable,
        "basic": Basic,
        "bottleneck": Bottleneck,
        "inverted": Inverted,
        "inception": Inception,
    }
)
"""The names that blocks go by in notation and JSON."""

KEEPS_MAP = (Basic, Bottleneck, Inverted, Inception)
"""Blocks whose branches meet again, so that their filters must keep the map's size."""

__all__ = [
    "BLOCKS",
    "KEEPS_MAP",
    "Basic",
    "Block",
    "Bottleneck",
    "Depthwise",
    "Inception",
    "Inverted",
    "Plain",
    "Separable",
    "Unit",
]
