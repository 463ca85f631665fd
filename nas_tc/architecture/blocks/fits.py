"""Widths and filters that a block can have."""

from nas_tc.architecture.blocks import KEEPS_MAP, Block, Bottleneck, Plain


def width_step(block: Block) -> int:
    """What the widths of a block are multiples of."""
    match block:
        case Bottleneck():
            return block.reduction
        case Plain():
            return block.groups
    return 1


def takes_filter(block: Block, filter: int, padding: int | None = None) -> bool:
    """Whether a block may have a filter: branches that meet again need maps of one size.

    Args:
        block: Block of a stage.
        filter: Side of the filter, pixels.
        padding: Padding of the stage, pixels a side; None: the rule's.
    """
    return not isinstance(block, KEEPS_MAP) or (filter % 2 == 1 and padding in (None, filter // 2))
