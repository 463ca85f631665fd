"""The choices of a stage, and the genes that a search varies."""

from dataclasses import dataclass
from typing import Literal

Choice = int | float | str
Padding = int | Literal["half"] | None  # pixels a side; None: by the rule of `stage_maps`

# Fields of a stage that can be chosen, in the order of the genes.
STAGE_FIELDS = ("block", "depth", "width", "last_width", "filter", "stride", "pool")

# Genes of the whole network, and the field of a space that has their choices.
TOP_FIELDS = {
    "resolution": "resolutions",
    "activation": "activations",
    "head": "heads",
    "dropout": "dropouts",
    "block": "blocks",
}


@dataclass(frozen=True, slots=True)
class Gene:
    """One variable of a space, such as the width of stage 2, and its possible values."""

    name: str  # "stage2.width"
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class StageChoices:
    """The choices of one stage; a single choice is fixed.

    A depth of 0 leaves out the stage and all stages behind it. Without `last_width` the last unit
    is as wide as the others. A pooling is `"3/3"` (size/stride) or `"none"`; it stands before the
    next stage and is left out with it. A block is written as in a notation; without one, the
    stage has the block that the space's stages share.
    """

    depth: tuple[int, ...]  # units
    width: tuple[int, ...]  # filters of each unit's output
    filter: tuple[int, ...]  # side, pixels
    last_width: tuple[int, ...] = ()
    stride: tuple[int, ...] = (1,)
    pool: tuple[str, ...] = ("none",)
    block: tuple[str, ...] = ("plain",)
    padding: Padding = None  # of the filters; "half": a first one of 7x7 or more pads by half, too
