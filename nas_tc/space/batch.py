"""Complexity of many networks of a space at once, by tables.

A gene is a choice of the space, such as the width of stage 2; a setting is the index of the choice
for each gene. The complexity of an array of settings is one look-up in a table for each stage.
"""

from math import prod

import numpy as np
from numpy.typing import NDArray

from nas_tc.errors import SpaceError
from nas_tc.space.choices import STAGE_FIELDS
from nas_tc.space.space import Space
from nas_tc.space.table import DEAD, StageTable, stage_tables

_CHUNK = 1 << 13  # settings in a chunk, whose columns stay in the cache

Ints = NDArray[np.int64]


def complexity_batch(space: Space, settings: NDArray[np.integer]) -> Ints:
    """Complexity of each setting, Eqn. (1) of He & Sun (2015); -1 where a network does not exist.

    Args:
        space: Space of the networks.
        settings: Index of the choice of each gene, from 0, shape (candidates, genes); genes in the
            order of `space.genes`.

    Returns:
        Multiply-adds of the convolutions for one image, shape (candidates,): the same as
        `complexity` of each decoded network. A network does not exist if a map shrinks to nothing,
        or if a block does not fit the channels before it.

    Raises:
        SpaceError: The array has another shape, or an index is out of range.
    """
    genes = space.genes
    if settings.ndim != 2 or settings.shape[1] != len(genes):
        raise SpaceError(
            f"space {space.name!r} has {len(genes)} genes: settings must have the shape "
            f"(candidates, {len(genes)}), not {settings.shape}"
        )
    counts = np.array([len(gene.choices) for gene in genes])
    if len(settings) and ((settings < 0) | (settings >= counts)).any():
        raise SpaceError(f"settings of {space.name!r} number the choices of each gene from 0")
    tables = stage_tables(space)
    rows = [_rows(space, table, number) for number, table in enumerate(tables, start=1)]
    found = np.empty(len(settings), dtype=np.int64)
    for start in range(0, len(settings), _CHUNK):
        columns = np.ascontiguousarray(settings[start : start + _CHUNK].T, dtype=np.int64)
        found[start : start + _CHUNK] = _of_chunk(space, tables, rows, columns)
    return found


def _rows(space: Space, table: StageTable, number: int) -> dict[int, int]:
    """For each column of the settings that a stage reads, the options from a choice to the next."""
    columns = {gene.name: place for place, gene in enumerate(space.genes)}
    counts = list(table.options.values())
    found = {}
    for place, field in enumerate(STAGE_FIELDS):
        is_shared = field == "block" and space.shares_block[number - 1]
        name = field if is_shared else f"stage{number}.{field}"
        if name in columns:
            found[columns[name]] = prod(counts[place + 1 :])
    return found


def _of_chunk(
    space: Space, tables: tuple[StageTable, ...], rows: list[dict[int, int]], columns: Ints
) -> Ints:
    """Complexity of each setting, from settings as columns, shape (genes, candidates)."""
    total = np.zeros(columns.shape[1], dtype=np.int64)
    starts = np.array([tables[0].state(each, space.input[0]) for each in space.sides])
    names = [gene.name for gene in space.genes]
    state = np.full(columns.shape[1], starts[0], dtype=np.int64)
    if "resolution" in names:
        state = starts[columns[names.index("resolution")]]
    for table, steps in zip(tables, rows, strict=True):
        place = state * table.following.shape[1]
        for column, step in steps.items():
            place += columns[column] * step
        total += table.cost.ravel()[place]
        state = table.following.ravel()[place].astype(np.int64)
    total[state == DEAD] = -1
    return total
