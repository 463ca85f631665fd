"""The numbers of many networks of a space at once."""

from collections.abc import Sequence
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import (
    Basic,
    Bottleneck,
    Inverted,
    Plain,
    Separable,
    Stage,
    head_named,
    parse_block,
)
from nas_tc.experience.numbers import joined
from nas_tc.experience.parts import LEFT_OUT, PART, Floats, parts_behind
from nas_tc.space import Choice, Space
from nas_tc.space.batch import stage_places
from nas_tc.space.decoding import stage_of
from nas_tc.space.table import ENDED, FIRST_MAP, StageTable

_ROOM = 256  # stages, at first
_LEFT_OUT = 0  # key of a stage behind the network's end
_MOST_SIDE = 64  # pixels; networks for images of 32 were trained
_FOR_PLAIN, _FOR_BLOCKS = "plain-2", "blocks-1"  # the latest of each kind
_TRAINED = (Basic, Bottleneck, Inverted, Separable)  # blocks that trainings had, beside plain ones


def experience_for(space: Space) -> str | None:
    """The name of what earlier trainings say of the networks of a space; None if they say nothing.

    They say something of blocks that were trained, for small images: plain convolutions, basic and
    bottleneck blocks, inverted residuals and separable convolutions.

    Args:
        space: The space.
    """
    blocks = {parse_block(name) for stage in space.stages for name in stage.block or space.blocks}
    if max(space.input[1:]) > _MOST_SIDE or not all(
        block == Plain() or isinstance(block, _TRAINED) for block in blocks
    ):
        return None
    return _FOR_PLAIN if blocks == {Plain()} and not space.resolutions else _FOR_BLOCKS


class SpaceNumbers:
    """Computes what `numbers_of` says of the networks of a space, some hundred at once.

    What a stage adds is remembered by its choices and the map before it, of which few occur, for
    all numbers of channels before it.

    Args:
        space: Space that there is an `experience_for`.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        sides = [isqrt(height * width) for height, width in space.sides]
        self._largest = isqrt(space.input[1] * space.input[2])
        self._sides = _Choices(space, "resolution", sides)
        heads = [head_named(name) for name in space.heads] or [space.head]
        self._hidden = _Choices(space, "head", [float(bool(head.hidden)) for head in heads])
        self._known: list[_Parts] | None = None

    def __call__(self, settings: NDArray[np.int64]) -> Floats:
        """The numbers of networks that exist, shape (networks, NUMBERS).

        Args:
            settings: Index of the choice of each gene, shape (networks, genes).
        """
        columns = np.ascontiguousarray(settings.T)
        found = list(stage_places(self._space, columns))
        if self._known is None:
            self._known = [_Parts(len(table.channels)) for table, _ in found]
        has_ended = [table.following.ravel()[place] == ENDED for table, place in found]
        is_last = [*has_ended[1:], np.ones(len(settings), dtype=bool)]
        parts = np.empty((len(found), len(settings), PART))
        for number, (table, place) in enumerate(found):
            many = table.following.shape[1]
            states, options = np.divmod(place, many)
            maps, channels = np.divmod(states - FIRST_MAP, len(table.channels))
            choices = 1 + (maps * many + options) * 2
            keys = np.where(has_ended[number], _LEFT_OUT, choices + is_last[number])
            known = self._known[number]
            for key in known.missing(keys):
                choice, last = divmod(key - 1, 2)  # no pooling follows the last stage
                map, option = divmod(choice, many)
                stage = self._stage(number, table, option, is_last=bool(last))
                found_parts, _ = parts_behind(
                    stage, table.channels, table.maps[map], first=number == 0
                )
                known.add(key, found_parts)
            parts[number] = known.of(keys, channels)
        return joined(parts, self._sides.of(columns), self._largest, self._hidden.of(columns))

    def _stage(self, number: int, table: StageTable, option: int, *, is_last: bool) -> Stage:
        choices = self._space.stages[number]

        def pick(field: str, options: Sequence[Choice], default: Any = None) -> Any:
            return options[table.picks[field][option]] if options else default

        return stage_of(
            pick("block", choices.block or self._space.blocks),
            pick("depth", choices.depth),
            pick("width", choices.width),
            pick("filter", choices.filter),
            pick("last_width", choices.last_width, 0),
            pick("stride", choices.stride),
            choices.padding,
            "none" if is_last else pick("pool", choices.pool),
        )


class _Choices:
    """What each network has by a gene that no stage has; the same for all without the gene."""

    def __init__(self, space: Space, gene: str, values: Sequence[float]) -> None:
        names = [each.name for each in space.genes]
        self._column = names.index(gene) if gene in names else None
        self._values = np.array(values, dtype=np.float64)

    def of(self, columns: NDArray[np.int64]) -> Floats:
        """The value of each network, shape (networks,)."""
        if self._column is None:
            return np.full(columns.shape[1], self._values[0])
        found: Floats = self._values[columns[self._column]]
        return found


class _Parts:
    """What stages add, by their keys.

    Args:
        channels: How many numbers of channels there may be before the stage.
    """

    def __init__(self, channels: int) -> None:
        self._places = np.full(_ROOM, -1)  # by key; -1: not there
        self._many = 0
        self._parts = np.empty((_ROOM, channels, PART))
        self.add(_LEFT_OUT, np.array(LEFT_OUT))

    def missing(self, keys: NDArray[np.int64]) -> list[int]:
        """The keys that are not there."""
        most = int(keys.max(initial=0))
        if most >= len(self._places):
            more = np.full(max(most + 1, 2 * len(self._places)), -1)
            more[: len(self._places)] = self._places
            self._places = more
        found: list[int] = np.unique(keys[self._places[keys] < 0]).tolist()
        return found

    def add(self, key: int, parts: Floats) -> None:
        """Adds a key that `missing` has named, with its part behind each number of channels."""
        place = self._places[key] = self._many
        self._many += 1
        if place == len(self._parts):
            self._parts = np.concatenate([self._parts, np.empty_like(self._parts)])
        self._parts[place] = parts

    def of(self, keys: NDArray[np.int64], channels: NDArray[np.int64]) -> Floats:
        """The parts of known keys behind these numbers of channels, by their places."""
        found: Floats = self._parts[self._places[keys], channels]
        return found
