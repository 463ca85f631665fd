"""Complexity of many networks of a space at once, by tables.

A gene is a choice of the space, such as the width of stage 2; a setting is the index of the choice
for each gene. The complexity of an array of settings is one look-up in a table for each stage.
"""

from collections.abc import Iterator
from functools import lru_cache
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
    check_settings(space, settings)
    found = np.empty(len(settings), dtype=np.int64)
    for start in range(0, len(settings), _CHUNK):
        columns = np.ascontiguousarray(settings[start : start + _CHUNK].T, dtype=np.int64)
        total = np.zeros(columns.shape[1], dtype=np.int64)
        for table, place in stage_places(space, columns):
            total += table.cost.ravel()[place]
        total[table.following.ravel()[place] == DEAD] = -1
        found[start : start + _CHUNK] = total
    return found


def check_settings(space: Space, settings: NDArray[np.integer]) -> None:
    """Refuses settings of another shape or with numbers that no choice has.

    Args:
        space: Space of the networks.
        settings: Index of the choice of each gene, shape (candidates, genes).

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


def stage_places(space: Space, columns: Ints) -> Iterator[tuple[StageTable, Ints]]:
    """The place of each network in the table of each stage: state times options, plus option.

    Args:
        space: Space of the networks.
        columns: Index of the choice of each gene, shape (genes, candidates).

    Yields:
        The table of a stage, and the places in its flattened arrays, shape (candidates,).
    """
    tables, steps_of = stage_tables(space), _steps(space)
    starts = np.array([tables[0].state(each, space.input[0]) for each in space.sides])
    names = [gene.name for gene in space.genes]
    state = np.full(columns.shape[1], starts[0], dtype=np.int64)
    if "resolution" in names:
        state = starts[columns[names.index("resolution")]]
    for table, steps in zip(tables, steps_of, strict=True):
        place = state * table.following.shape[1]
        for column, step in steps.items():
            place += columns[column] * step
        yield table, place
        state = table.following.ravel()[place].astype(np.int64)


@lru_cache(maxsize=16)
def _steps(space: Space) -> tuple[dict[int, int], ...]:
    return tuple(
        _rows(space, table, number) for number, table in enumerate(stage_tables(space), start=1)
    )


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
