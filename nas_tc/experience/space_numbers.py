"""The numbers of many networks of a space at once."""

from collections.abc import Sequence
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import Plain, parse_block
from nas_tc.experience.numbers import LEFT_OUT, PART, Floats, joined, parts_of
from nas_tc.space import Space, Values
from nas_tc.space.batch import stage_places
from nas_tc.space.table import ENDED

_ROOM = 256  # stages, at first
_MOST_SIDE = 64  # pixels; networks for images of 32 were trained


def covers(space: Space) -> bool:
    """Whether experience covers a space: plain convolutions at one resolution, small images."""
    if space.resolutions or max(space.input[1:]) > _MOST_SIDE:
        return False
    blocks = {block for stage in space.stages for block in stage.block or space.blocks}
    return {parse_block(block) for block in blocks} == {Plain()}


class SpaceNumbers:
    """Computes what `numbers_of` says of the networks of a space, some hundred at once.

    What a stage adds is remembered by its choices and the map before it, of which few occur.

    Args:
        space: Space that `covers` is true of.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._side = isqrt(space.input[1] * space.input[2])
        self._known = [_Parts() for _ in space.stages]

    def __call__(self, settings: Sequence[Values]) -> Floats:
        """The numbers of networks that exist, shape (networks, NUMBERS).

        Args:
            settings: Values of the genes, by name.
        """
        columns = np.array(self._space.numbers(settings), dtype=np.int64).T
        keys = self._keys(columns)
        parts = np.empty((len(keys), len(settings), PART))
        for place, (known, stage) in enumerate(zip(self._known, keys, strict=True)):
            for network in known.unknown(stage):
                self._learn([each[network] for each in keys], settings[network])
            parts[place] = known.of(stage)
        return joined(parts, self._side)

    def _keys(self, columns: NDArray[np.int64]) -> list[list[int]]:
        """What decides the numbers of each stage, for each network.

        That is its place in the table of the stage, and whether it is the last, which no pooling
        follows.
        """
        found = list(stage_places(self._space, columns))
        has_ended = [table.following.ravel()[place] == ENDED for table, place in found]
        is_last = [*has_ended[1:], np.ones(columns.shape[1], dtype=bool)]
        return [
            (2 * place + last).tolist() for (_, place), last in zip(found, is_last, strict=True)
        ]

    def _learn(self, keys: Sequence[int], values: Values) -> None:
        """Takes note of the stages of one network."""
        parts = [*parts_of(self._space.decode(values))]
        parts += [LEFT_OUT] * (len(keys) - len(parts))
        for key, known, part in zip(keys, self._known, parts, strict=True):
            if key not in known:
                known.add(key, part)


class _Parts:
    """What stages add, by their keys."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self._parts = np.empty((_ROOM, PART))

    def __contains__(self, key: int) -> bool:
        return key in self._places

    def unknown(self, keys: Sequence[int]) -> list[int]:
        """The places of keys that are not there, each key once."""
        missing = {key: place for place, key in enumerate(keys) if key not in self._places}
        return list(missing.values())

    def add(self, key: int, part: Sequence[float]) -> None:
        place = self._places[key] = len(self._places)
        if place == len(self._parts):
            self._parts = np.concatenate([self._parts, np.empty_like(self._parts)])
        self._parts[place] = part

    def of(self, keys: Sequence[int]) -> Floats:
        """The parts of known keys, shape (keys, PART)."""
        found: Floats = self._parts[[self._places[key] for key in keys]]
        return found
