"""The difference between two networks, stage by stage, in words."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from math import log2
from statistics import fmean
from typing import Any

import numpy as np

from nas_tc.architecture import Architecture, Pool, Stage, format_block
from nas_tc.replacement import TOLERANCE
from nas_tc.replacement.words import layers, number
from nas_tc.study.names import head_name

_FIELDS = ("depth", "width", "last_width", "filter", "stride", "pool", "padding", "block", "lrn")
_STAGE = 3  # what a stage more or less counts
_SAME = 0.02  # octaves of the mean width that are no change


@dataclass(frozen=True, slots=True)
class Change:
    """What leads from one network to another.

    Attributes:
        text: Changes of the layers: "stage 3: two 3x3 of 96 → one 3x3 of 64".
        kind: What it is as a trade-off: "deeper, narrower at equal cost".
        ratio: Ratio of the second network's complexity to the first's.
    """

    text: str
    kind: str
    ratio: float


def distances(networks: Sequence[Architecture]) -> Callable[[int], np.ndarray[Any, Any]]:
    """A function that gives the distances of a network from all before it.

    A distance is the number of fields of stages that differ; a stage more or less counts as three,
    other images, another head and another normalisation as one each.

    Args:
        networks: Networks; the function takes a place among them.
    """
    many = max((len(network.stages) for network in networks), default=0)
    codes: dict[Any, int] = {}  # a number for each value of a field

    def row(network: Architecture) -> list[list[int]]:
        return [
            [codes.setdefault((field, getattr(stage, field)), len(codes)) for field in _FIELDS]
            for stage in network.stages
        ] + [[-1] * len(_FIELDS)] * (many - len(network.stages))

    fields = np.array([row(each) for each in networks], dtype=np.int32)
    fields = fields.reshape(len(networks), many, len(_FIELDS))
    is_there = np.array(
        [[place < len(each.stages) for place in range(many)] for each in networks], dtype=bool
    ).reshape(len(networks), many)
    rest = np.array(
        [
            [codes.setdefault(value, len(codes)) for value in (each.input, each.head, each.norm)]
            for each in networks
        ],
        dtype=np.int32,
    ).reshape(len(networks), 3)

    def far(place: int) -> np.ndarray[Any, Any]:
        changed = (fields[:place] != fields[place]).sum(axis=2)
        changed[is_there[:place] != is_there[place]] = _STAGE
        changed = changed.sum(axis=1) + (rest[:place] != rest[place]).sum(axis=1)
        total: np.ndarray[Any, Any] = changed
        return total

    return far


def change(one: Architecture, other: Architecture, ratio: float) -> Change:
    """What leads from one network to another.

    Args:
        one: First network.
        other: Second network.
        ratio: Ratio of the second network's complexity to the first's.
    """
    parts = []
    for place, (a, b) in enumerate(zip_longest(one.stages, other.stages), start=1):
        if a is None and b is not None:
            parts.append(f"stage {place} added: {_layers(b)}")
        elif b is None and a is not None:
            parts.append(f"stage {place} left out: {_layers(a)}")
        elif a is not None and b is not None and a != b:
            parts.append(f"stage {place}: {', '.join(_stage_change(a, b))}")
    around = (
        ("images", one.resolution, other.resolution),
        ("channels", one.input[0], other.input[0]),
        ("head", head_name(one), head_name(other)),
        ("normalisation", one.norm, other.norm),
    )
    parts += [f"{what} {before} → {after}" for what, before, after in around if before != after]
    kinds = list(_kinds(one, other))
    is_equal = 1 / (1 + TOLERANCE) <= ratio <= 1 + TOLERANCE
    kind = ", ".join(kinds)
    if is_equal and kinds:
        kind += " at equal cost"
    return Change("; ".join(parts), kind, ratio)


def _stage_change(a: Stage, b: Stage) -> Iterator[str]:
    if a.block != b.block:
        yield f"{format_block(a.block)} → {format_block(b.block)}"
    if _layers(a) != _layers(b):
        yield f"{_layers(a)} → {_layers(b)}"
    if a.stride != b.stride:
        yield f"stride {a.stride} → {b.stride}"
    if a.pool != b.pool:
        yield f"{_pool(a.pool)} → {_pool(b.pool)}"
    same = replace(
        b, depth=a.depth, width=a.width, last_width=a.last_width, filter=a.filter, block=a.block
    )
    if replace(same, stride=a.stride, pool=a.pool) != a:
        yield "padding or normalisation"


def _layers(stage: Stage) -> str:
    """The layers of a stage: "three 3x3 of 64", "two 3x3 of 64 and one of 96"."""
    if stage.width == stage.last_width:
        return layers(stage.depth, stage.filter, stage.width)
    rest = layers(stage.depth - 1, stage.filter, stage.width)
    return f"{rest} and {number(1)} of {stage.last_width}"


def _pool(pool: Pool | None) -> str:
    return "no pooling" if pool is None else f"pooling {pool.size}/{pool.stride}"


def _kinds(one: Architecture, other: Architecture) -> Iterator[str]:
    """The directions of the change in the terms of He & Sun (2015)."""
    if one.depth != other.depth:
        yield "deeper" if other.depth > one.depth else "shallower"
    wide = _mean_width(other) - _mean_width(one)
    if abs(wide) > _SAME:
        yield "wider" if wide > 0 else "narrower"
    filters = _mean_filter(other) - _mean_filter(one)
    if abs(filters) > _SAME:
        yield "larger filters" if filters > 0 else "smaller filters"
    both = min(len(one.stages), len(other.stages))
    before, after = (_steps(each)[: 2 * both - 1] for each in (one, other))
    pairs = list(zip(one.stages, other.stages, strict=False))
    if before != after:
        yield "later subsampling" if after < before else "earlier subsampling"
    elif any(a.pool != b.pool for a, b in pairs[: both - 1]):
        yield "other pooling"
    if any(a.block != b.block for a, b in pairs):
        yield "other blocks"
    if one.input[1:] != other.input[1:]:
        yield "larger images" if other.input[1:] > one.input[1:] else "smaller images"
    if one.head != other.head:
        yield "another head"


def _mean_width(network: Architecture) -> float:
    """Mean over the stages, so that a layer less in a narrow stage makes no network wider."""
    return fmean(fmean(map(log2, stage.widths)) for stage in network.stages)


def _mean_filter(network: Architecture) -> float:
    return fmean(stage.filter for stage in network.stages)


def _steps(network: Architecture) -> tuple[int, ...]:
    """Factor by which the map has shrunk in front of each stage's layers, and behind the last."""
    shrunk, found = 1, []
    for stage in network.stages:
        shrunk *= stage.stride
        found.append(shrunk)
        shrunk *= stage.pool.stride if stage.pool is not None else 1
        found.append(shrunk)
    return tuple(found)
