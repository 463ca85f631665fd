"""Complexity of many networks of a space at once, by tables.

A stage affects the stages behind it only through its width and the size of its output map, and few
sizes occur in a space. So the effect of a stage's depth, filter size, stride and pooling is
tabulated once for each size of its input map; widths are factors. The complexity of an array of
settings is then a few table look-ups for each stage. A gene is a choice of the space, such as the
width of stage 2; a setting is the index of the choice for each gene.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import Stage, pooled, stage_maps
from nas_tc.errors import ArchitectureError, SpaceError
from nas_tc.space.space import Space, parse_pool

_CHUNK = 1 << 13  # settings in a chunk, whose columns stay in the cache

# States between two stages: a map has shrunk to nothing, the network has ended, the last pooling
# has left no map. From 3 on, a state is the number of a map.
DEAD, ENDED, NO_MAP = 0, 1, 2
_GEOMETRY = ("depth", "filter", "stride", "pool")

Ints = NDArray[np.int64]
Map = tuple[int, int]  # height and width, pixels


@dataclass(frozen=True)
class _Widths:
    """The choices of a stage's width."""

    choices: Ints  # numbers of filters
    gene: int | None  # column in the settings; None: the width is fixed

    def of(self, columns: Ints) -> Ints | int:
        """The width for each setting, or one number if it is fixed."""
        return int(self.choices[0]) if self.gene is None else self.choices[columns[self.gene]]


@dataclass(frozen=True)
class StageTable:
    """Table of a stage: a row for each state before it and each choice of its geometry.

    The geometry is depth, filter size, stride and pooling; the rows are sorted by the state, then
    by these in turn. A stage's complexity is n_in * (w * a + l * b) + w * (w * c + l * d), with w
    its width and l its last width.
    """

    coefficients: tuple[Ints, ...]  # a, b, c and d of each row
    following: Ints  # state behind the stage, for each row
    rows_a_state: int  # rows for each state
    genes: dict[int, int]  # for each column in the settings, the rows from one choice to the next
    width: _Widths
    last_width: _Widths | None  # None: as wide as the others


def complexity_batch(space: Space, settings: NDArray[np.integer]) -> Ints:
    """Complexity of each setting, Eqn. (1) of He & Sun (2015); -1 where a map shrinks to nothing.

    Args:
        space: Space of the networks.
        settings: Index of the choice of each gene, from 0, shape (candidates, genes); genes in the
            order of `space.genes`.

    Returns:
        Multiply-adds of the convolutions for one image, shape (candidates,): the same as
        `complexity` of each decoded network.

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
    found = np.empty(len(settings), dtype=np.int64)
    for start in range(0, len(settings), _CHUNK):
        columns = np.ascontiguousarray(settings[start : start + _CHUNK].T, dtype=np.int64)
        found[start : start + _CHUNK] = _of_chunk(space, tables, columns)
    return found


def _of_chunk(space: Space, tables: tuple[StageTable, ...], columns: Ints) -> Ints:
    """Complexity of each setting, from settings as columns, shape (genes, candidates)."""
    total = np.zeros(columns.shape[1], dtype=np.int64)
    state = np.full(columns.shape[1], NO_MAP + 1, dtype=np.int64)  # the images

    n_in: Ints | int = space.input[0]
    for table in tables:
        row = state * table.rows_a_state
        for gene, rows in table.genes.items():
            row += columns[gene] * rows
        width = table.width.of(columns)
        last = width if table.last_width is None else table.last_width.of(columns)
        a, b, c, d = (each[row] for each in table.coefficients)
        total += n_in * (a * width + b * last) + width * (c * width + d * last)
        state = table.following[row]
        n_in = last
    total[state == DEAD] = -1
    return total


@lru_cache(maxsize=16)
def stage_tables(space: Space) -> tuple[StageTable, ...]:
    """The table of each stage, for all maps that can be its input."""
    columns = {gene.name: number for number, gene in enumerate(space.genes)}
    maps: list[Map] = [space.input[1:]]
    tables: list[StageTable] = []
    for number in range(1, len(space.stages) + 1):
        table, maps = _stage_table(space, number, maps, columns)
        tables.append(table)
    return tuple(tables)


def _stage_table(
    space: Space, number: int, maps: list[Map], columns: dict[str, int]
) -> tuple[StageTable, list[Map]]:
    """The table of one stage for its possible input maps, and its possible output maps."""
    choices = space.stages[number - 1]
    options: list[tuple[Any, ...]] = [getattr(choices, field) for field in _GEOMETRY]
    leaving: dict[Map, int] = {}
    states: tuple[int | Map, ...] = (DEAD, ENDED, NO_MAP, *maps)
    rows = [
        _row(_Geometry(*values), state, leaving, first=number == 1)
        for state in states
        for values in product(*options)
    ]
    counts = [len(each) for each in options]
    genes = {
        columns[f"stage{number}.{field}"]: prod(counts[place + 1 :])
        for place, field in enumerate(_GEOMETRY)
        if counts[place] > 1
    }
    widths = [
        _Widths(np.array(each), columns.get(f"stage{number}.{field}"))
        for field, each in (("width", choices.width), ("last_width", choices.last_width))
        if each
    ]
    coefficients = np.array([row[:-1] for row in rows], dtype=np.int64).T
    table = StageTable(
        coefficients=tuple(np.ascontiguousarray(each) for each in coefficients),
        following=np.array([row[-1] for row in rows], dtype=np.int64),
        rows_a_state=prod(counts),
        genes=genes,
        width=widths[0],
        last_width=widths[1] if len(widths) > 1 else None,
    )
    return table, list(leaving)


class _Geometry(NamedTuple):
    """All choices of a stage but its widths."""

    depth: int
    filter: int
    stride: int
    pool: str


def _row(
    geometry: _Geometry, state: int | Map, leaving: dict[Map, int], *, first: bool
) -> tuple[int, int, int, int, int]:
    """The coefficients a to d of a stage's complexity, and the state behind it.

    `leaving` numbers the output maps, and gets those that are new.
    """
    if state == DEAD:
        return (0, 0, 0, 0, DEAD)
    if state == ENDED or geometry.depth == 0:
        return (0, 0, 0, 0, ENDED)
    if isinstance(state, int):  # the pooling before this stage left no map for it
        return (0, 0, 0, 0, DEAD)
    stage = Stage(geometry.depth, 1, geometry.filter, stride=geometry.stride)
    try:
        maps = stage_maps(stage, *state, first=first)
    except ArchitectureError:
        return (0, 0, 0, 0, DEAD)
    taps = [geometry.filter**2 * height * width for _, height, width in maps]
    try:
        pool = parse_pool(geometry.pool)
        height, width = maps[-1][1:]
        behind = (height, width) if pool is None else pooled(pool, height, width)
        following = leaving.setdefault(behind, len(leaving) + NO_MAP + 1)
    except ArchitectureError:
        following = NO_MAP
    if geometry.depth == 1:
        return (0, taps[0], 0, 0, following)
    return (taps[0], 0, sum(taps[1:-1]), taps[-1], following)
