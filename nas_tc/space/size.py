"""The number of networks in a space, and its cheapest and costliest, without a list of them.

Stages meet only in the map between them. So the networks from a stage on are counted once for each
size of map that can reach it (dynamic programming over stages and maps).
"""

from collections.abc import Iterator
from functools import cache
from typing import Literal

from nas_tc.architecture import Architecture, Stage, pooled, stage_layers, stage_maps
from nas_tc.errors import ArchitectureError, SpaceError
from nas_tc.space.space import Space, StageChoices, parse_pool


def count_networks(space: Space) -> int:
    """Number of different networks of the space, without those whose maps shrink to nothing."""

    @cache
    def count(number: int, height: int, width: int) -> int:
        choices = space.stages[number - 1]
        total = 0
        for stage in _geometries(choices, width_of_all=1):
            try:
                _, out_height, out_width = stage_maps(stage, height, width, first=number == 1)[-1]
            except ArchitectureError:
                continue
            behind = 0
            if _may_end(space, number):
                behind += 1
            if number < len(space.stages):
                for text in choices.pool:
                    try:
                        behind += count(number + 1, *_behind(text, out_height, out_width))
                    except ArchitectureError:
                        continue
            total += behind * _width_settings(choices, stage.depth)
        return total

    return count(1, *space.input[1:])


def extreme_network(space: Space, which: Literal["cheapest", "costliest"]) -> Architecture:
    """The network of the space with the least or the most complexity, Eqn. (1).

    Complexity grows with every width, so the extreme takes the least or the most of each, and
    only depth, filter sizes, strides and poolings remain to be searched.

    Args:
        space: Space to look in.
        which: "cheapest" or "costliest".

    Raises:
        SpaceError: The maps of every network of the space shrink to nothing.
    """
    pick = min if which == "cheapest" else max
    norm = space.norm == "batch"

    @cache
    def best(number: int, channels: int, height: int, width: int) -> tuple[int, tuple[Stage, ...]]:
        choices = space.stages[number - 1]
        widths = pick(choices.width)
        last_width = pick(choices.last_width or (0,))
        found: list[tuple[int, tuple[Stage, ...]]] = []
        for bare in _geometries(choices, widths, last_width):
            try:
                layers = list(
                    stage_layers(bare, (channels, height, width), number=number, norm=norm)
                )
            except ArchitectureError:
                continue
            own = sum(layer.complexity for layer in layers)
            if _may_end(space, number):
                found.append((own, (bare,)))
            if number < len(space.stages):
                n_out, out_height, out_width = layers[-1].output
                for text in choices.pool:
                    try:
                        maps = _behind(text, out_height, out_width)
                        rest, stages = best(number + 1, n_out, *maps)
                    except ArchitectureError:
                        continue
                    stage = _pooled_stage(bare, text)
                    found.append((own + rest, (stage, *stages)))
        if not found:
            raise ArchitectureError("every choice shrinks the map to nothing")
        return pick(found, key=lambda each: each[0])

    try:
        _, stages = best(1, *space.input)
    except ArchitectureError:
        shape = "x".join(map(str, space.input))
        raise SpaceError(
            f"no network of the space {space.name!r} exists for images of {shape}: their maps "
            "shrink to nothing; use larger images or another space"
        ) from None
    return Architecture(space.input, stages, space.head, space.classes, space.norm)


def _geometries(choices: StageChoices, width_of_all: int, last_width: int = 0) -> Iterator[Stage]:
    """Every depth, filter size and stride of a stage that is there, with the given widths."""
    for depth in choices.depth:
        for size in choices.filter:
            for stride in choices.stride:
                if depth:
                    yield Stage(depth, width_of_all, size, last_width, stride)


def _width_settings(choices: StageChoices, depth: int) -> int:
    """Different widths of a stage: that of a single convolution is its last width."""
    if not choices.last_width:
        return len(choices.width)
    return len(choices.last_width) * (len(choices.width) if depth > 1 else 1)


def _may_end(space: Space, number: int) -> bool:
    """Whether stage `number` can be the last of a network."""
    return number == len(space.stages) or 0 in space.stages[number].depth


def _behind(pool: str, height: int, width: int) -> tuple[int, int]:
    parsed = parse_pool(pool)
    return (height, width) if parsed is None else pooled(parsed, height, width)


def _pooled_stage(bare: Stage, pool: str) -> Stage:
    return Stage(
        bare.depth, bare.width, bare.filter, bare.last_width, bare.stride, parse_pool(pool)
    )
