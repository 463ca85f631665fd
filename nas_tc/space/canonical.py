"""The setting that stands for all settings of a network: choices without effect are the first.

A gene is a choice of the space, such as the width of stage 2; a setting is the index of the choice
for each gene. Genes of a stage that is left out have no effect, nor has the pooling of the last
stage or the width of a single unit that has a last width.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import Inception, parse_block
from nas_tc.space.choices import STAGE_FIELDS
from nas_tc.space.decoding import known_head
from nas_tc.space.space import Space

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def canonical_settings(space: Space, settings: NDArray[np.integer]) -> Ints:
    """The canonical setting of each network: what `encode` gives for the decoded network.

    Args:
        space: Space of the networks.
        settings: Index of the choice of each gene, shape (networks, genes).
    """
    columns = np.ascontiguousarray(settings.T, dtype=np.int64)
    picks = {gene.name: column for gene, column in zip(space.genes, columns, strict=True)}
    fixed = np.zeros(len(settings), dtype=np.int64)  # of a field with one choice
    alive = np.ones(len(settings), dtype=bool)
    shares = np.zeros(len(settings), dtype=bool)  # whether the shared block has an effect
    before: Ints | None = None  # pooling of the stage before
    for number, choices in enumerate(space.stages, start=1):
        own = {field: picks.get(f"stage{number}.{field}", fixed) for field in STAGE_FIELDS}
        depth = np.array(choices.depth)[own["depth"]]
        alive = alive & (depth > 0)
        if before is not None:
            before[~alive] = 0
        shares |= alive & space.shares_block[number - 1]
        blocks = choices.block or space.blocks
        block = own["block"] if choices.block else picks.get("block", fixed)
        has_width, has_last_width = widths_in_use(space, number, block, depth)
        if len(choices.block) > 1:
            own["block"][:] = _one_spelling(blocks)[own["block"]]
        own["width"][~has_width] = 0
        own["last_width"][~has_last_width] = 0
        for field in STAGE_FIELDS:
            if len(getattr(choices, field)) > 1:
                none = choices.depth.index(0) if field == "depth" and 0 in choices.depth else 0
                own[field][~alive] = none
        before = picks.get(f"stage{number}.pool")
    if before is not None:
        before[:] = 0
    if (shared := picks.get("block")) is not None:
        shared[:] = np.where(shares, _one_spelling(space.blocks)[shared], 0)
    _merge_heads(space, picks, fixed)
    return np.ascontiguousarray(columns.T)


def widths_in_use(space: Space, number: int, block: Ints, depth: Ints) -> tuple[Bools, Bools]:
    """Whether the width of a stage has an effect, and whether its last width has.

    Args:
        space: Space of the stage.
        number: Number of the stage, from 1.
        block: Number of the choice of its block, for each of several settings.
        depth: Units of the stage for each of them.
    """
    choices = space.stages[number - 1]
    blocks = [parse_block(text) for text in choices.block or space.blocks]
    chooses = np.array([not isinstance(each, Inception) for each in blocks])[block]
    return chooses & (depth > (1 if choices.last_width else 0)), chooses


def _one_spelling(blocks: Sequence[str]) -> Ints:
    """For each block the number of the one that `encode` writes for it."""
    parsed = [parse_block(text) for text in blocks]
    last = {block: number for number, block in enumerate(parsed)}
    return np.array([last[block] for block in parsed])


def _merge_heads(space: Space, picks: dict[str, Ints], fixed: Ints) -> None:
    """Sets the genes of the head to the first choices that make the same head."""
    if "head" not in picks and "dropout" not in picks:
        return
    pairs = list(product(space.heads or (None,), space.dropouts or (None,)))
    heads = [known_head(space.head, *pair) for pair in pairs]
    first = np.array([heads.index(head) for head in heads])
    many = max(1, len(space.dropouts))
    head, dropout = picks.get("head", fixed), picks.get("dropout", fixed)
    found = first[head * many + dropout]
    if "head" in picks:
        head[:] = found // many
    if "dropout" in picks:
        dropout[:] = found % many
