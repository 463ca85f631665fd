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
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import Architecture, Inception, Stage, head_named, parse_block, walk
from nas_tc.errors import SpaceError
from nas_tc.space.canonical import widths_in_use
from nas_tc.space.choices import STAGE_FIELDS
from nas_tc.space.paths import Edges
from nas_tc.space.space import Space
from nas_tc.space.table import DEAD, ENDED, NO_MAP, StageTable, stage_tables
from nas_tc.space.unit_costs import COMPLEXITY, MEASURES, PARAMS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_WHOLE = (("activation", "activations"), ("head", "heads"), ("dropout", "dropouts"))


@dataclass(frozen=True)
class Level:
    """The edges between two neighbouring levels of nodes; columns of equal length.

    Attributes:
        src: Node before, a number from 0.
        dst: Node behind.
        costs: Amounts of the measures of `unit_costs`, shape (3, edges).
        option: Number of the option that an edge is.
        nodes: Number of nodes before, and behind.
    """

    src: Ints
    dst: Ints
    costs: Ints
    option: Ints
    nodes: tuple[int, int]

    @property
    def cost(self) -> Ints:
        """Multiply-adds."""
        found: Ints = self.costs[COMPLEXITY]
        return found


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
def network_graph(space: Space) -> Graph:
    """The graph of a space; it has no edges where no network of the space exists.

    Args:
        space: Space of the networks.

    Raises:
        SpaceError: A stage has too many choices.
    """
    tables = stage_tables(space)
    shares = space.shares_block
    last_sharing = max((n for n, each in enumerate(shares, start=1) if each), default=0)
    sharing = len(space.blocks) if last_sharing else 1
    starts = np.array([tables[0].state(each, space.input[0]) for each in space.sides])
    picks: list[dict[str, Ints]] = []

    widest = max(max(table.leaving) for table in tables) + 1
    resolution, shared = np.divmod(np.arange(len(starts) * sharing), sharing)
    picks.append({"resolution": resolution, "block": shared})
    ones, zeros = np.ones_like(shared), np.zeros_like(shared)
    dst, nodes = _Nodes(starts[resolution], ones, shared, zeros).numbered(sharing, widest)
    levels = [Level(zeros, dst, _no_costs(len(dst)), np.arange(len(dst)), (1, len(nodes.state)))]
    halves: list[Ints] = []
    for number, table in enumerate(tables, start=1):
        is_last = number == len(tables)
        can_end = not is_last and 0 in space.stages[number].depth
        before = len(nodes.state)
        level, nodes = _stage_level(
            space, number, table, nodes, flags=can_end, keeps=number < last_sharing
        )
        dst, nodes = nodes.numbered(sharing, widest)
        level = replace(level, dst=dst, nodes=(before, len(nodes.state)))
        *pair, whole = _split(level, *_first_unit(space, number, table))
        levels += pair
        halves.append(whole)
        own = {f"stage{number}.{field}": table.picks[field] for field in STAGE_FIELDS}
        picks.append(own)
    counts = [max(1, len(getattr(space, field))) for _, field in _WHOLE]
    combined = np.indices(counts).reshape(len(counts), -1)
    picks.append({name: pick for (name, _), pick in zip(_WHOLE, combined, strict=True)})
    src, option = (each.ravel() for each in np.indices((len(nodes.state), combined.shape[1])))
    costs = _no_costs(len(src))
    costs[PARAMS] = _head_params(space, nodes, tables[-1])[src, picks[-1]["head"][option]]
    levels.append(Level(src, np.zeros_like(src), costs, option, (len(nodes.state), 1)))
    _check_resolutions(space, levels, resolution)
    return Graph(space, tuple(levels), tuple(picks), tuple(halves))


class _Nodes(NamedTuple):
    """The nodes of a level; columns of equal length."""

    state: Ints  # of the table of the next stage
    flag: Ints  # 1: the last pooling is the first choice
    shared: Ints  # number of the block that stages share, as long as it plays a part
    channels: Ints  # where the state has none: channels of a network that ends

    def numbered(self, sharing: int, widest: int) -> tuple[Ints, "_Nodes"]:
        """The number of each node among the different ones, and these.

        Args:
            sharing: Number of shared blocks.
            widest: Most channels, and one.
        """
        key = ((self.state * 2 + self.flag) * sharing + self.shared) * widest + self.channels
        _, first, number = np.unique(key, return_index=True, return_inverse=True)
        return number, _Nodes(*(column[first] for column in self))


def _no_costs(edges: int) -> Ints:
    return np.zeros((MEASURES, edges), dtype=np.int64)


def _head_params(space: Space, nodes: _Nodes, table: StageTable) -> Ints:
    """Parameters of each head behind each of the last nodes, shape (nodes, heads)."""
    leaving = np.array(table.leaving)
    channels = np.where(
        nodes.state > NO_MAP, leaving[(nodes.state - NO_MAP - 1) % len(leaving)], nodes.channels
    )
    heads = [head_named(name) for name in space.heads] or [space.head]
    known: dict[int, list[int]] = {}
    for width in set(channels.tolist()):
        known[width] = []
        for head in heads:
            bare = Architecture((1, 1, 1), (Stage(1, width, 1),), head, space.classes)
            known[width].append(sum(layer.params for layer in walk(bare)[1:]))
    found = np.array([known[width] for width in channels.tolist()], dtype=np.int64)
    return found.reshape(len(channels), len(heads))


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


def _stage_level(
    space: Space,
    number: int,
    table: StageTable,
    nodes: _Nodes,
    *,
    flags: bool,
    keeps: bool,
) -> tuple[Level, _Nodes]:
    """The edges of a stage, and the node behind each of them.

    Args:
        space: Space of the stage.
        number: Number of the stage, from 1.
        table: Table of the stage.
        nodes: Nodes before it.
        flags: Whether nodes behind the stage tell if its pooling is the first choice.
        keeps: Whether nodes behind the stage still tell the shared block.
    """
    state, first_pool, shared, ended = nodes
    choices = space.stages[number - 1]
    depth = np.array(choices.depth)[table.picks["depth"]]
    following = table.following[state]
    fits = _canonical(space, number, table) & (following != DEAD)
    # A network may end where the pooling before and the shared block have their first choice, if
    # they play no part in it.
    is_used = any(space.shares_block[: number - 1])
    ends = (first_pool == 1) & ((shared == 0) | is_used)
    has_ended = (state == ENDED)[:, None]
    fits &= np.where(depth == 0, has_ended | ends[:, None], ~has_ended)
    fits &= (following != NO_MAP) | (table.picks["pool"] == 0)  # only the end can follow
    if space.shares_block[number - 1]:
        fits &= (depth == 0) | (table.picks["block"] == shared[:, None])
    src, option = np.nonzero(fits)
    reached = following[src, option].astype(np.int64)
    flag = (table.picks["pool"][option] == 0) | (reached == ENDED) | (not flags)
    kept = np.where(keeps & (reached != ENDED), shared[src], 0)
    before = np.array(table.channels)[(state - NO_MAP - 1) % len(table.channels)]
    last = np.where(state > NO_MAP, before, ended)[src]  # channels of a network that ends here
    own = _out_channels(space, number, table)[option]
    channels = np.where(reached == NO_MAP, own, np.where(reached == ENDED, last, 0))
    behind = _Nodes(reached, flag.astype(np.int64), kept, channels)
    own_nodes = (len(state), len(src))
    return Level(src, src, table.costs[:, state[src], option], option, own_nodes), behind


def _out_channels(space: Space, number: int, table: StageTable) -> Ints:
    """Channels behind the stage for each of its options."""
    choices = space.stages[number - 1]
    blocks = [parse_block(text) for text in choices.block or space.blocks]
    fixed = np.array([block.n_out if isinstance(block, Inception) else 0 for block in blocks])
    field = "last_width" if choices.last_width else "width"
    chosen = np.array(getattr(choices, field))[table.picks[field]]
    own = fixed[table.picks["block"]]
    return np.where(own > 0, own, chosen)


def _first_unit(space: Space, number: int, table: StageTable) -> tuple[Ints, Ints]:
    """What of each option decides the first unit, and the rest, as numbers from 0."""
    picks, counts = table.picks, table.options
    is_one = np.array(space.stages[number - 1].depth)[picks["depth"]] == 1
    is_one &= counts["last_width"] > 1
    # A single unit has the last width.
    width = np.where(is_one, counts["width"] + picks["last_width"], picks["width"])
    first = picks["block"]
    for field in ("filter", "stride"):
        first = first * counts[field] + picks[field]
    first = first * (counts["width"] + counts["last_width"]) + width
    rest = np.where(is_one, 0, picks["last_width"])
    for field in ("depth", "pool"):
        rest = rest * counts[field] + picks[field]
    first, rest = (np.unique(each, return_inverse=True)[1] for each in (first, rest))
    return first, rest


def _split(level: Level, first: Ints, rest: Ints) -> tuple[Level, Level, Ints]:
    """A level as two, with as few nodes between them as there are different ways on.

    Args:
        level: Edges of a stage.
        first: For each option, the number of its first half.
        rest: For each option, the number of its second half.

    Returns:
        Both levels, and the option by the numbers of both halves.
    """
    firsts, rests = int(first.max()) + 1, int(rest.max()) + 1
    whole = np.zeros((firsts, rests), dtype=np.int64)
    whole[first[level.option], rest[level.option]] = level.option
    groups, group = np.unique(level.src * firsts + first[level.option], return_inverse=True)
    base = np.full((MEASURES, len(groups)), np.iinfo(np.int64).max)
    for measure in range(MEASURES):
        np.minimum.at(base[measure], group, level.costs[measure])
    # The ways on from each first half: node behind, and what each costs beyond the base.
    ways = np.full((len(groups), rests, 1 + MEASURES), -1, dtype=np.int64)
    place = group, rest[level.option]
    ways[(*place, 0)] = level.dst
    ways[(*place, slice(1, None))] = (level.costs - base[:, group]).T
    flat = ways.reshape(len(groups), rests * (1 + MEASURES))
    _, first_group, node = np.unique(flat, axis=0, return_index=True, return_inverse=True)
    node = node.reshape(-1)
    different = ways[first_group]
    src, number = np.divmod(groups, firsts)
    mid, second = np.nonzero(different[..., 0] >= 0)
    found = different[mid, second]
    costs = np.ascontiguousarray(found[:, 1:].T)
    onward = Level(mid, found[:, 0], costs, second, (len(different), level.nodes[1]))
    return Level(src, node, base, number, (level.nodes[0], len(different))), onward, whole


def _canonical(space: Space, number: int, table: StageTable) -> NDArray[np.bool_]:
    """The options of a stage in which choices that play no part are the first."""
    picks = table.picks
    depth = np.array(space.stages[number - 1].depth)[picks["depth"]]
    width, last_width = widths_in_use(space, number, picks["block"], depth)
    counts = (width | (picks["width"] == 0)) & (last_width | (picks["last_width"] == 0))
    is_first = np.all([picks[field] == 0 for field in STAGE_FIELDS if field != "depth"], axis=0)
    found: NDArray[np.bool_] = np.where(depth == 0, is_first, counts)
    return found
