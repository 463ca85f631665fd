"""The numbers of many networks of a space at once."""

from collections.abc import Sequence
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import Plain, Stage, parse_block
from nas_tc.experience.numbers import LEFT_OUT, PART, Floats, joined, part_of
from nas_tc.space import Choice, Space
from nas_tc.space.batch import stage_places
from nas_tc.space.decoding import stage_of
from nas_tc.space.table import ENDED, FIRST_MAP, StageTable

_ROOM = 256  # stages, at first
_LEFT_OUT = 0  # key of a stage behind the network's end
_MOST_SIDE = 64  # pixels; networks for images of 32 were trained


def covers(space: Space) -> bool:
    """Whether experience covers a space: plain convolutions at one resolution, small images."""
    if space.resolutions or max(space.input[1:]) > _MOST_SIDE:
        return False
    blocks = {block for stage in space.stages for block in stage.block or space.blocks}
    return {parse_block(block) for block in blocks} == {Plain()}


class SpaceNumbers:
    """Computes what `numbers_of` says of the networks of a space, some hundred at once.

    What a stage adds is remembered by its choices and the map before it, of which few occur. It
    grows evenly with the channels before it, so that one memory serves all numbers of channels.

    Args:
        space: Space that `covers` is true of.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._side = isqrt(space.input[1] * space.input[2])
        self._known = [_Parts() for _ in space.stages]

    def __call__(self, settings: NDArray[np.int64]) -> Floats:
        """The numbers of networks that exist, shape (networks, NUMBERS).

        Args:
            settings: Index of the choice of each gene, shape (networks, genes).
        """
        found = list(stage_places(self._space, np.ascontiguousarray(settings.T)))
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
                part = part_of(stage, table.maps[map], self._side, first=number == 0)
                known.add(key, part.fixed, part.a_channel)
            parts[number] = known.of(keys, np.array(table.channels)[channels])
        return joined(parts, self._side)

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


class _Parts:
    """What stages add, by their keys."""

    def __init__(self) -> None:
        self._places = np.full(_ROOM, -1)  # by key; -1: not there
        self._many = 0
        self._parts = np.empty((_ROOM, 2, PART))  # fixed, and for each channel before the stage
        self.add(_LEFT_OUT, LEFT_OUT, (0.0,) * PART)

    def missing(self, keys: NDArray[np.int64]) -> list[int]:
        """The keys that are not there."""
        most = int(keys.max(initial=0))
        if most >= len(self._places):
            more = np.full(max(most + 1, 2 * len(self._places)), -1)
            more[: len(self._places)] = self._places
            self._places = more
        found: list[int] = np.unique(keys[self._places[keys] < 0]).tolist()
        return found

    def add(self, key: int, fixed: Sequence[float], a_channel: Sequence[float]) -> None:
        """Adds a key that `missing` has named."""
        place = self._places[key] = self._many
        self._many += 1
        if place == len(self._parts):
            self._parts = np.concatenate([self._parts, np.empty_like(self._parts)])
        self._parts[place] = fixed, a_channel

    def of(self, keys: NDArray[np.int64], channels: NDArray[np.int64]) -> Floats:
        """The parts of known keys behind so many channels, shape (keys, PART)."""
        parts = self._parts[self._places[keys]]
        found: Floats = parts[:, 0] + channels[:, None] * parts[:, 1]
        return found
