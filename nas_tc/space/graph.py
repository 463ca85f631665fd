"""The networks of a space as the paths of a graph, level by level.

A node is a state between two stages, and a path through the two levels between them is an option of
the stage: first what decides the first unit (block, width, filter, stride), then the rest (depth,
last width, pooling). Several settings of the genes can be one network: genes of a stage that is
left out, the pooling of the last stage, the width of a single convolution. Only the setting with
the first choice of each is a path, so that paths and networks are one to one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import head_named
from nas_tc.errors import SpaceError
from nas_tc.space.choices import STAGE_FIELDS
from nas_tc.space.edges import Edges, Level
from nas_tc.space.head_costs import head_costs
from nas_tc.space.onward import cheapest_onward
from nas_tc.space.space import Space
from nas_tc.space.stage_level import Nodes, first_unit, split, stage_level
from nas_tc.space.stage_limits import MemoryLimit, choices_within
from nas_tc.space.table import NO_MAP, StageTable, stage_tables
from nas_tc.space.unit_costs import MEASURES, PARAMS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_WHOLE = (("activation", "activations"), ("head", "heads"), ("dropout", "dropouts"))


@dataclass(frozen=True)
class Graph:
    """Levels of edges from the only node of the first level to the only one of the last.

    Attributes:
        space: Space of the networks.
        levels: First the choices of resolution and shared block, then two levels for each stage,
            then the choices of activation, head and drop-out.
        picks: For the first level, for each stage and for the last level, gene name to the number
            of its choice, for every option.
        halves: For each stage its options, by the options of its two levels.
    """

    space: Space
    levels: tuple[Level, ...]
    picks: tuple[dict[str, Ints], ...]
    halves: tuple[Ints, ...]

    def edges(self, costs: Sequence[Ints] | Sequence[Floats]) -> list[Edges]:
        """The edges of each level with other costs, whole numbers of 0 or more."""
        return [
            Edges.of(level.src, level.dst, cost.astype(np.int64), level.nodes)
            for level, cost in zip(self.levels, costs, strict=True)
        ]

    def settings(self, edges: list[Ints]) -> Ints:
        """Settings of the genes from an edge of each level, shape (networks, genes)."""
        many = len(edges[0])
        taken = [level.option[edge] for level, edge in zip(self.levels, edges, strict=True)]
        pairs = zip(taken[1:-1:2], taken[2:-1:2], self.halves, strict=True)
        options = [taken[0], *(whole[first, rest] for first, rest, whole in pairs), taken[-1]]
        found: dict[str, Ints] = {}
        for picks, chosen in zip(self.picks, options, strict=True):
            for name, pick in picks.items():
                found[name] = pick[chosen]
        genes = self.space.genes
        columns = [found[gene.name] for gene in genes]
        return np.array(columns, dtype=np.int64).reshape(len(genes), many).T


@lru_cache(maxsize=16)
def network_graph(space: Space, limits: tuple[MemoryLimit, ...] = ()) -> Graph:
    """The graph of a space; it has no edges where no network of the space exists.

    Args:
        space: Space of the networks.
        limits: Limits on memory; choices that are over them by themselves are left out.

    Raises:
        SpaceError: A stage has too many choices.
    """
    tables = stage_tables(space)
    kept: Sequence[NDArray[np.bool_] | None] = [None] * len(tables)
    if limits:
        every = network_graph(space).levels
        fewest = cheapest_onward(every, [level.costs[PARAMS] for level in every])[0][0]
        kept = choices_within(space, limits, int(fewest))
    shares = space.shares_block
    last_sharing = max((n for n, each in enumerate(shares, start=1) if each), default=0)
    sharing = len(space.blocks) if last_sharing else 1
    starts = np.array([tables[0].state(each, space.input[0]) for each in space.sides])
    picks: list[dict[str, Ints]] = []

    widest = max(max(table.leaving) for table in tables) + 1
    resolution, shared = np.divmod(np.arange(len(starts) * sharing), sharing)
    picks.append({"resolution": resolution, "block": shared})
    ones, zeros = np.ones_like(shared), np.zeros_like(shared)
    dst, nodes = Nodes(starts[resolution], ones, shared, zeros).numbered(sharing, widest)
    levels = [Level(zeros, dst, _no_costs(len(dst)), np.arange(len(dst)), (1, len(nodes.state)))]
    halves: list[Ints] = []
    for number, table in enumerate(tables, start=1):
        is_last = number == len(tables)
        can_end = not is_last and 0 in space.stages[number].depth
        before = len(nodes.state)
        level, nodes = stage_level(
            space,
            number,
            table,
            nodes,
            kept[number - 1],
            flags=can_end,
            keeps=number < last_sharing,
        )
        dst, nodes = nodes.numbered(sharing, widest)
        level = replace(level, dst=dst, nodes=(before, len(nodes.state)))
        *pair, whole = split(level, *first_unit(space, number, table))
        levels += pair
        halves.append(whole)
        own = {f"stage{number}.{field}": table.picks[field] for field in STAGE_FIELDS}
        picks.append(own)
    counts = [max(1, len(getattr(space, field))) for _, field in _WHOLE]
    combined = np.indices(counts).reshape(len(counts), -1)
    picks.append({name: pick for (name, _), pick in zip(_WHOLE, combined, strict=True)})
    src, option = (each.ravel() for each in np.indices((len(nodes.state), combined.shape[1])))
    costs = _no_costs(len(src))
    heads = _head_costs(space, nodes, tables[-1])
    costs[:] = heads[:, src, picks[-1]["head"][option]]
    levels.append(Level(src, np.zeros_like(src), costs, option, (len(nodes.state), 1)))
    if not limits:
        _check_resolutions(space, levels, resolution)
    return Graph(space, tuple(levels), tuple(picks), tuple(halves))


def _no_costs(edges: int) -> Ints:
    return np.zeros((MEASURES, edges), dtype=np.int64)


def _head_costs(space: Space, nodes: Nodes, table: StageTable) -> Ints:
    """Amounts of each head behind each of the last nodes, shape (4, nodes, heads)."""
    leaving = np.array(table.leaving)
    channels = np.where(
        nodes.state > NO_MAP, leaving[(nodes.state - NO_MAP - 1) % len(leaving)], nodes.channels
    )
    heads = [head_named(name) for name in space.heads] or [space.head]
    found = [
        [head_costs(head, width, space.classes) for head in heads] for width in channels.tolist()
    ]
    shaped = np.array(found, dtype=np.int64).reshape(len(channels), len(heads), MEASURES)
    return np.ascontiguousarray(np.moveaxis(shaped, -1, 0))


def alive_nodes(levels: Sequence[Level]) -> list[Ints]:
    """The nodes behind each level from which a way leads to the end."""
    found: list[Ints] = [np.zeros(1, dtype=np.int64)]
    for level in reversed(levels[1:]):
        found.append(np.unique(level.src[np.isin(level.dst, found[-1])]))
    return found[::-1]


def _check_resolutions(space: Space, levels: list[Level], resolution: Ints) -> None:
    """Refuses resolutions at which no network exists.

    Args:
        space: Space with the resolutions.
        levels: All levels of its graph.
        resolution: Number of the resolution of each option of the first level.

    Raises:
        SpaceError: There is such a resolution.
    """
    kept = np.isin(levels[0].dst, alive_nodes(levels)[0])
    used = set(resolution[levels[0].option[kept]].tolist())
    for number, side in enumerate(space.resolutions):
        if number not in used:
            raise SpaceError(
                f"space {space.name!r}: no network exists at a resolution of {side}, because maps "
                "shrink to nothing; leave it out, or use fewer strides and poolings"
            )
