"""The parts of a network from the choices of a space: its stages and its head.

All are remembered: a search decodes some hundred networks a proposal.
"""

from dataclasses import replace
from functools import lru_cache

from nas_tc.architecture import (
    FIRST_UNPADDED,
    KEEPS_MAP,
    Block,
    Head,
    Inception,
    Plain,
    Pool,
    Stage,
    head_named,
    parse_block,
    parse_pool,
    tap_span,
)
from nas_tc.space.choices import Padding


@lru_cache(maxsize=1 << 14)
def stage_of(
    block: str,
    depth: int,
    width: int,
    filter: int,
    last_width: int,
    stride: int,
    padding: Padding,
    pool: str,
) -> Stage:
    """The stage of these choices; an inception block has a width of its own."""
    parsed = parse_block(block)
    if isinstance(parsed, Inception):
        width, last_width = parsed.n_out, 0
    pixels = padding_of(padding, parsed, filter)
    return Stage(depth, width, filter, last_width, stride, pool_of(pool), pixels, parsed)


@lru_cache(maxsize=256)
def pool_of(text: str) -> Pool | None:
    """`"3/2"` as a pooling of size 3 and stride 2, `"none"` as None."""
    return None if text == "none" else parse_pool(text)


def padding_of(padding: Padding, block: Block, filter: int) -> int | None:
    """The padding of a stage's filters, pixels; None: by the rule of `stage_maps`.

    Where that rule pads by half of the filter anyway, "half" is None, so that the network is the
    same as in other spaces; so do blocks that keep the map.

    Args:
        padding: Choice of the space.
        block: Block of the stage.
        filter: Side of its filters, pixels.
    """
    if isinstance(block, KEEPS_MAP):
        return None
    if padding != "half":
        return padding
    dilation = block.dilation if isinstance(block, Plain) else 1
    return tap_span(filter, dilation) // 2 if filter >= FIRST_UNPADDED else None


@lru_cache(maxsize=256)
def known_blocks(blocks: tuple[str, ...]) -> dict[Block, str]:
    """The texts of blocks, by the block."""
    return {parse_block(text): text for text in blocks}


@lru_cache(maxsize=256)
def known_head(head: Head, name: str | None, dropout: float | None) -> Head:
    """The head of a name, or `head` without one; with this drop-out, if any is given."""
    found = head if name is None else head_named(name)
    return found if dropout is None else replace(found, dropout=dropout)
