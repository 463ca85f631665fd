"""The edges of one stage of a space's graph: its options behind each node before it.

A stage is two levels: first what decides the first unit (block, width, filter, stride), then the
rest (depth, last width, pooling), so that most ways on are there once.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import Inception, parse_block
from nas_tc.space.canonical import widths_in_use
from nas_tc.space.choices import STAGE_FIELDS
from nas_tc.space.edges import Level
from nas_tc.space.space import Space
from nas_tc.space.table import DEAD, ENDED, NO_MAP, StageTable
from nas_tc.space.unit_costs import MEASURES

Ints = NDArray[np.int64]


class Nodes(NamedTuple):
    """The nodes of a level; columns of equal length."""

    state: Ints  # of the table of the next stage
    flag: Ints  # 1: the last pooling is the first choice
    shared: Ints  # number of the block that stages share, as long as it plays a part
    channels: Ints  # where the state has none: channels of a network that ends

    def numbered(self, sharing: int, widest: int) -> tuple[Ints, "Nodes"]:
        """The number of each node among the different ones, and these.

        Args:
            sharing: Number of shared blocks.
            widest: Most channels, and one.
        """
        key = ((self.state * 2 + self.flag) * sharing + self.shared) * widest + self.channels
        _, first, number = np.unique(key, return_index=True, return_inverse=True)
        return number, Nodes(*(column[first] for column in self))


def stage_level(
    space: Space,
    number: int,
    table: StageTable,
    nodes: Nodes,
    within: NDArray[np.bool_] | None,
    *,
    flags: bool,
    keeps: bool,
) -> tuple[Level, Nodes]:
    """The edges of a stage, and the node behind each of them.

    Args:
        space: Space of the stage.
        number: Number of the stage, from 1.
        table: Table of the stage.
        nodes: Nodes before it.
        within: Options that are not left out, shape (states, options); None: all.
        flags: Whether nodes behind the stage tell if its pooling is the first choice.
        keeps: Whether nodes behind the stage still tell the shared block.
    """
    state, first_pool, shared, ended = nodes
    choices = space.stages[number - 1]
    depth = np.array(choices.depth)[table.picks["depth"]]
    following = table.following[state]
    fits = _canonical(space, number, table) & (following != DEAD)
    if within is not None:
        fits &= within[state]
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
    own = out_channels_of(space, number, table)[option]
    channels = np.where(reached == NO_MAP, own, np.where(reached == ENDED, last, 0))
    behind = Nodes(reached, flag.astype(np.int64), kept, channels)
    own_nodes = (len(state), len(src))
    return Level(src, src, table.costs[:, state[src], option], option, own_nodes), behind


def out_channels_of(space: Space, number: int, table: StageTable) -> Ints:
    """Channels behind the stage for each of its options."""
    choices = space.stages[number - 1]
    blocks = [parse_block(text) for text in choices.block or space.blocks]
    fixed = np.array([block.n_out if isinstance(block, Inception) else 0 for block in blocks])
    field = "last_width" if choices.last_width else "width"
    chosen = np.array(getattr(choices, field))[table.picks[field]]
    own = fixed[table.picks["block"]]
    return np.where(own > 0, own, chosen)


def first_unit(space: Space, number: int, table: StageTable) -> tuple[Ints, Ints]:
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


def split(level: Level, first: Ints, rest: Ints) -> tuple[Level, Level, Ints]:
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
