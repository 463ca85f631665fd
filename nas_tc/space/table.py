"""Tables of a space: what each choice of a stage costs behind each map and number of channels.

A stage affects the stages behind it only through its channels and the size of its map, and few of
these occur in a space. So the complexity of every choice of a stage is tabulated once for each of
them: the complexity of a network is then one look-up a stage.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import (
    Block,
    Inception,
    Stage,
    parse_block,
    pooled,
    stage_maps,
)
from nas_tc.errors import ArchitectureError, SpaceError
from nas_tc.space.checks import out_channels
from nas_tc.space.choices import STAGE_FIELDS, StageChoices
from nas_tc.space.decoding import padding_of, pool_of
from nas_tc.space.space import Space
from nas_tc.space.unit_costs import COMPLEXITY, MEASURES, unit_costs

# States between two stages: a map has shrunk to nothing, the network has ended, the last pooling
# has left no map. From 3 on, a state is a map with a number of channels.
DEAD, ENDED, NO_MAP = 0, 1, 2
FIRST_MAP = 3
_MOST_ENTRIES = 1 << 23  # of one table, some 330 MB

Ints = NDArray[np.int64]
Map = tuple[int, int]  # height and width, pixels


@dataclass(frozen=True)
class StageTable:
    """Table of a stage: a row for each state before it, a column for each option.

    An option is a choice for each of `STAGE_FIELDS`; options are sorted by these in turn.

    Attributes:
        options: Number of choices of each field, at least 1.
        picks: Field to the number of its choice, for every option.
        costs: The stage's amounts of the measures of `unit_costs`, shape (4, states, options).
        following: State behind it, shape (states, options).
        maps: Maps of the states from 3 on.
        channels: Numbers of channels of these states; a map has one state for each.
        leaving: Numbers of channels behind the stage.
    """

    options: dict[str, int]
    picks: dict[str, Ints]
    costs: Ints
    following: NDArray[np.int32]
    maps: tuple[Map, ...]
    channels: tuple[int, ...]
    leaving: tuple[int, ...]

    @property
    def cost(self) -> Ints:
        """Multiply-adds of the stage, shape (states, options)."""
        found: Ints = self.costs[COMPLEXITY]
        return found

    def state(self, map: Map, channels: int) -> int:
        """The state of a map with so many channels before this stage."""
        place = self.maps.index(map) * len(self.channels) + self.channels.index(channels)
        return FIRST_MAP + place


@lru_cache(maxsize=16)
def stage_tables(space: Space) -> tuple[StageTable, ...]:
    """The table of each stage, for all maps that can be its input.

    Args:
        space: Space of the stages.

    Raises:
        SpaceError: A stage has too many choices.
    """
    maps: tuple[Map, ...] = space.sides
    channels: tuple[int, ...] = (space.input[0],)
    tables: list[StageTable] = []
    for number, choices in enumerate(space.stages, start=1):
        blocks = choices.block or space.blocks
        leaving = out_channels(choices, blocks)
        options = {
            field: max(1, len(getattr(choices, field) if field != "block" else blocks))
            for field in STAGE_FIELDS
        }
        entries = (FIRST_MAP + len(maps) * len(channels)) * prod(options.values())
        if entries > _MOST_ENTRIES:
            raise SpaceError(
                f"space {space.name!r}: stage {number} has {entries:,} combinations of its choices "
                f"with those before it, more than {_MOST_ENTRIES:,}; give it fewer choices"
            )
        builder = _Builder(
            choices,
            blocks,
            options,
            maps,
            channels,
            leaving,
            first=number == 1,
            norm=space.norm == "batch",
        )
        table, maps = builder.table()
        tables.append(table)
        channels = leaving
    return tuple(tables)


class Geometry(NamedTuple):
    """A choice of block, depth, filter and stride, which decides the maps of a stage."""

    places: tuple[int, int, int, int]  # of the four among their choices
    block: Block
    filter: int  # side, pixels
    maps: tuple[Map, ...]  # before the stage and behind each of its units


def geometries(
    choices: StageChoices, blocks: Sequence[Block], map: Map, *, first: bool
) -> Iterator[Geometry]:
    """The geometries of a stage behind a map, without those that leave none.

    Args:
        choices: Choices of the stage.
        blocks: Its blocks.
        map: Map before it.
        first: Whether it is the first stage.

    Yields:
        Each geometry; a stage that is left out has none.
    """
    for (b, block), (d, depth), (f, size), (s, stride) in product(
        enumerate(blocks),
        enumerate(choices.depth),
        enumerate(choices.filter),
        enumerate(choices.stride),
    ):
        if depth == 0:
            continue
        try:
            padding = padding_of(choices.padding, block, size)
            bare = Stage(depth, 1, size, stride=stride, padding=padding, block=block)
            found = stage_maps(bare, *map, first=first)
        except ArchitectureError:
            continue
        yield Geometry((b, d, f, s), block, size, (map, *(each[1:] for each in found)))


class _Builder:
    """Fills the table of one stage, a map and a geometry at a time.

    Widths are columns of one array.
    """

    def __init__(
        self,
        choices: StageChoices,
        blocks: tuple[str, ...],
        options: dict[str, int],
        maps: tuple[Map, ...],
        channels: tuple[int, ...],
        leaving: tuple[int, ...],
        *,
        first: bool,
        norm: bool,
    ) -> None:
        self._choices = choices
        self._blocks = [parse_block(text) for text in blocks]
        self._options = options
        self._maps, self._channels, self._leaving = maps, channels, leaving
        self._first, self._norm = first, norm
        self._found: dict[Map, int] = {}  # the maps behind the stage
        self._costs: dict[Any, Ints] = {}

    def table(self) -> tuple[StageTable, tuple[Map, ...]]:
        """The table, and the maps behind the stage."""
        counts = tuple(self._options.values())
        states = len(self._maps) * len(self._channels)
        costs = np.zeros((MEASURES, FIRST_MAP + states, *counts), dtype=np.int64)
        following = np.full(costs.shape[1:], DEAD, dtype=np.int32)
        depths = np.array(self._choices.depth)
        following[ENDED] = ENDED
        following[NO_MAP:, :, depths == 0] = ENDED
        for place, map in enumerate(self._maps):
            begin = FIRST_MAP + place * len(self._channels)
            rows = slice(begin, begin + len(self._channels))
            self._fill(map, costs[:, rows], following[rows])
        picks = np.indices(counts).reshape(len(counts), -1).astype(np.int64)
        table = StageTable(
            options=self._options,
            picks=dict(zip(STAGE_FIELDS, picks, strict=True)),
            costs=costs.reshape(*costs.shape[:2], -1),
            following=following.reshape(len(following), -1),
            maps=self._maps,
            channels=self._channels,
            leaving=self._leaving,
        )
        return table, tuple(self._found)

    def _fill(self, map: Map, costs: Ints, following: NDArray[np.int32]) -> None:
        """The rows of one map, of shape (channels, *options) behind the measures."""
        for each in geometries(self._choices, self._blocks, map, first=self._first):
            b, d, f, s = each.places
            found, out = self._stage_costs(each.block, each.filter, each.maps)
            costs[:, :, b, d, :, :, f, s, :] = found[..., None]
            for p, text in enumerate(self._choices.pool):
                behind = self._behind(text, each.maps[-1])
                state = NO_MAP if behind is None else behind * len(self._leaving) + out + FIRST_MAP
                following[:, b, d, :, :, f, s, p] = np.where(found[0] < 0, DEAD, state)

    def _behind(self, pool: str, map: Map) -> int | None:
        """Number of the map behind a pooling; None if it leaves none."""
        parsed = pool_of(pool)
        try:
            after = map if parsed is None else pooled(parsed, *map)
        except ArchitectureError:
            return None
        return self._found.setdefault(after, len(self._found))

    def _stage_costs(self, block: Block, size: int, maps: tuple[Map, ...]) -> tuple[Ints, Ints]:
        """Amounts for all widths, shape (4, channels, widths, last widths); -1: does not fit.

        The second array has the places of the channels behind the stage, of a shape that fits.
        """
        depth = len(maps) - 1
        widths, lasts = self._choices.width, self._choices.last_width
        if isinstance(block, Inception):
            widths, lasts = (block.n_out,), ()
        ends = np.searchsorted(self._leaving, lasts or widths)
        out = ends[None, None, :] if lasts else ends[None, :, None]
        if depth == 1:
            costs = self._unit(block, size, self._channels, lasts or widths, *maps)
            return costs[:, :, None, :] if lasts else costs[..., None], out
        first = self._unit(block, size, self._channels, widths, *maps[:2])
        inner = [self._unit(block, size, widths, widths, *pair) for pair in pairwise(maps[1:-1])]
        inner = [np.diagonal(each, axis1=1, axis2=2) for each in inner]
        last = self._unit(block, size, widths, lasts or widths, *maps[-2:])
        last = last if lasts else np.diagonal(last, axis1=1, axis2=2)[..., None]
        parts = [first[..., None], last[:, None], *(each[:, None, :, None] for each in inner)]
        whole, bad = parts[0], parts[0] < 0
        for part in parts[1:]:
            whole, bad = whole + part, bad | (part < 0)
        return np.where(bad, -1, whole), out

    def _unit(
        self, block: Block, size: int, ins: tuple[int, ...], outs: tuple[int, ...], *maps: Map
    ) -> Ints:
        """Amounts of one unit between two maps, shape (4, ins, outs)."""
        before, behind = maps
        key = (block, size, ins, outs, before != behind)
        if key not in self._costs:
            self._costs[key] = unit_costs(
                block, size, ins, outs, resizes=before != behind, norm=self._norm
            )
        from_input, from_output, besides = np.moveaxis(self._costs[key], 1, 0)
        costs = from_input * prod(before) + from_output * prod(behind) + besides
        return np.where(besides < 0, -1, costs)
