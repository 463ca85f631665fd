"""The networks of a space as the paths of a graph, level by level.

A node is a state between two stages, and a path through the two levels between them is an option of
the stage: first what decides the first unit (block, width, filter, stride), then the rest (depth,
last width, pooling). Several settings of the genes can be one network: genes of a stage that is
left out, the pooling of the last stage, the width of a single convolution. Only the setting with
the first choice of each is a path, so that paths and networks are one to one.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import Inception, parse_block
from nas_tc.errors import SpaceError
from nas_tc.space.choices import STAGE_FIELDS
from nas_tc.space.space import Space
from nas_tc.space.table import DEAD, ENDED, NO_MAP, StageTable, stage_tables

Ints = NDArray[np.int64]

_WHOLE = (("activation", "activations"), ("head", "heads"), ("dropout", "dropouts"))


@dataclass(frozen=True)
class Level:
    """The edges between two neighbouring levels of nodes; columns of equal length.

    Attributes:
        src: Node before, a number from 0.
        dst: Node behind.
        cost: Multiply-adds.
        option: Number of the option that an edge is.
    """

    src: Ints
    dst: Ints
    cost: Ints
    option: Ints


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
    sides = [(side, side) for side in space.resolutions] or [space.input[1:]]
    starts = np.array([tables[0].state(each, space.input[0]) for each in sides])
    picks: list[dict[str, Ints]] = []

    # A node's key: state, whether the last pooling is the first choice, number of the shared block.
    resolution, shared = np.divmod(np.arange(len(starts) * sharing), sharing)
    keys = (starts[resolution] * 2 + 1) * sharing + shared
    picks.append({"resolution": resolution, "block": shared})
    nodes, dst = np.unique(keys, return_inverse=True)
    zeros = np.zeros(len(keys), dtype=np.int64)
    levels = [Level(zeros, dst, zeros, np.arange(len(keys)))]
    halves: list[Ints] = []
    for number, table in enumerate(tables, start=1):
        is_last = number == len(tables)
        can_end = not is_last and 0 in space.stages[number].depth
        level, nodes = _stage_level(
            space, number, table, nodes, sharing, flags=can_end, keeps=number < last_sharing
        )
        *pair, whole = _split(level, *_first_unit(space, number, table))
        levels += pair
        halves.append(whole)
        own = {f"stage{number}.{field}": table.picks[field] for field in STAGE_FIELDS}
        picks.append(own)
    counts = [max(1, len(getattr(space, field))) for _, field in _WHOLE]
    combined = np.indices(counts).reshape(len(counts), -1)
    picks.append({name: pick for (name, _), pick in zip(_WHOLE, combined, strict=True)})
    src, option = (each.ravel() for each in np.indices((len(nodes), combined.shape[1])))
    levels.append(Level(src, np.zeros_like(src), np.zeros_like(src), option))
    _check_resolutions(space, levels, sharing)
    return Graph(space, tuple(levels), tuple(picks), tuple(halves))


def _check_resolutions(space: Space, levels: list[Level], sharing: int) -> None:
    """Refuses resolutions at which no network exists.

    Args:
        space: Space with the resolutions.
        levels: All levels of its graph.
        sharing: Number of shared blocks.

    Raises:
        SpaceError: There is such a resolution.
    """
    alive = np.zeros(1, dtype=np.int64)
    for level in reversed(levels[1:]):
        alive = np.unique(level.src[np.isin(level.dst, alive)])
    kept = np.isin(levels[0].dst, alive)
    used = set((levels[0].option[kept] // sharing).tolist())
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
    nodes: Ints,
    sharing: int,
    *,
    flags: bool,
    keeps: bool,
) -> tuple[Level, Ints]:
    """The edges of a stage, and the keys of the nodes behind it.

    Args:
        space: Space of the stage.
        number: Number of the stage, from 1.
        table: Table of the stage.
        nodes: Keys of the nodes before it.
        sharing: Number of shared blocks.
        flags: Whether nodes behind the stage tell if its pooling is the first choice.
        keeps: Whether nodes behind the stage still tell the shared block.
    """
    rest, shared = np.divmod(nodes, sharing)
    state, first_pool = np.divmod(rest, 2)
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
    keys = (reached * 2 + flag) * sharing + kept
    behind, dst = np.unique(keys, return_inverse=True)
    return Level(src, dst, table.cost[state[src], option], option), behind


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
    base = np.full(len(groups), np.iinfo(np.int64).max)
    np.minimum.at(base, group, level.cost)
    more = level.cost - base[group]
    ways = np.full((len(groups), rests), -1, dtype=np.int64)  # on from each first half
    span = int(more.max(initial=0)) + 1
    ways[group, rest[level.option]] = level.dst * span + more
    different, node = np.unique(ways, axis=0, return_inverse=True)
    node = node.reshape(-1)
    src, number = np.divmod(groups, firsts)
    mid, second = np.nonzero(different >= 0)
    dst, cost = np.divmod(different[mid, second], span)
    return Level(src, node, base, number), Level(mid, dst, cost, second), whole


def _canonical(space: Space, number: int, table: StageTable) -> NDArray[np.bool_]:
    """The options of a stage in which choices that play no part are the first."""
    choices = space.stages[number - 1]
    blocks = [parse_block(text) for text in choices.block or space.blocks]
    picks = table.picks
    depth = np.array(choices.depth)[picks["depth"]]
    fixed = np.array([isinstance(block, Inception) for block in blocks])[picks["block"]]
    has_width = ~fixed & (depth > (1 if choices.last_width else 0))
    counts = (has_width | (picks["width"] == 0)) & (~fixed | (picks["last_width"] == 0))
    is_first = np.all([picks[field] == 0 for field in STAGE_FIELDS if field != "depth"], axis=0)
    found: NDArray[np.bool_] = np.where(depth == 0, is_first, counts)
    return found
