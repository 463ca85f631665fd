"""The parts of a network from the choices of a space: its stages and its head.

All are remembered: a search decodes some hundred networks a proposal.
"""

from dataclasses import replace
from functools import lru_cache

from nas_tc.architecture import (
    KEEPS_MAP,
    Block,
    Head,
    Inception,
    Pool,
    Stage,
    head_named,
    parse_block,
    parse_pool,
)


@lru_cache(maxsize=1 << 14)
def stage_of(
    block: str,
    depth: int,
    width: int,
    filter: int,
    last_width: int,
    stride: int,
    padding: int | None,
    pool: str,
) -> Stage:
    """The stage of these choices; an inception block has a width of its own."""
    parsed = parse_block(block)
    if isinstance(parsed, Inception):
        width, last_width = parsed.n_out, 0
    return Stage(
        depth, width, filter, last_width, stride, pool_of(pool), padding_of(padding, parsed), parsed
    )


@lru_cache(maxsize=256)
def pool_of(text: str) -> Pool | None:
    """`"3/2"` as a pooling of size 3 and stride 2, `"none"` as None."""
    return None if text == "none" else parse_pool(text)


def padding_of(padding: int | None, block: Block) -> int | None:
    """The padding of a stage's filters, pixels; blocks that keep the map pad by half of them."""
    return None if isinstance(block, KEEPS_MAP) else padding


@lru_cache(maxsize=256)
def known_blocks(blocks: tuple[str, ...]) -> dict[Block, str]:
    """The texts of blocks, by the block."""
    return {parse_block(text): text for text in blocks}


@lru_cache(maxsize=256)
def known_head(head: Head, name: str | None, dropout: float | None) -> Head:
    """The head of a name, or `head` without one; with this drop-out, if any is given."""
    found = head if name is None else head_named(name)
    return found if dropout is None else replace(found, dropout=dropout)
