"""How much of a space a budget leaves: every network if there are few, a fair sample if not."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from nas_tc.architecture import Architecture, format_notation, walk
from nas_tc.budget import Cap, Limit
from nas_tc.errors import ArchitectureError, SpaceError
from nas_tc.space.space import Space

_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class CapShare:
    """One limit and what the networks of a space have of it."""

    cap: Cap
    smallest: int
    median: int
    largest: int
    fit: int  # networks that keep this limit, whatever the others say


@dataclass(frozen=True, slots=True)
class Share:
    """What a budget leaves of a space.

    Attributes:
        networks: looked at; different ones.
        is_all: whether these are all there are; otherwise they were drawn evenly.
        caps: a row for each limit.
        fit: networks that keep all limits.
        binding: the limit that the fewest networks keep; None if all keep all.
        nearest: when nothing fits, the network that comes closest and what it needs.
    """

    networks: int
    is_all: bool
    caps: tuple[CapShare, ...]
    fit: int
    binding: Cap | None
    nearest: str | None


def fitting(space: Space, limit: Limit, seed: int = 0) -> Share:
    """What `limit` leaves of `space`, by formula.

    A space of up to 2000 settings is listed; of a larger one 2000 settings are drawn evenly, so
    that a share of 10 % is known to within 1.3 points (two standard errors).

    Raises:
        SpaceError: no network that was looked at exists on the space's images.
    """
    is_all = space.settings <= _DRAWS
    drawn = _every(space) if is_all else _some(space, seed)
    networks = [each for each in dict.fromkeys(drawn) if _exists(each)]
    if not networks:
        raise SpaceError(
            f"space {space.name!r}: no network of {_DRAWS:,} drawn exists on its images, whose "
            "maps shrink to nothing; use larger images"
        )
    values = np.array([[cap.of(each) for cap in limit.caps] for each in networks], dtype=object)
    most = np.array([cap.most for cap in limit.caps], dtype=object)
    least = np.array([cap.least for cap in limit.caps], dtype=object)
    keeps = ((values <= most) & (values >= least)).astype(bool)
    fit = int(keeps.all(axis=1).sum())
    rows = tuple(
        CapShare(cap, min(column), sorted(column)[len(column) // 2], max(column), int(kept.sum()))
        for cap, column, kept in zip(limit.caps, values.T.tolist(), keeps.T, strict=True)
    )
    binding = min(rows, key=lambda row: row.fit, default=None)
    return Share(
        networks=len(networks),
        is_all=is_all,
        caps=rows,
        fit=fit,
        binding=binding.cap if binding and binding.fit < len(networks) else None,
        nearest=None if fit else _nearest(space, limit, networks, values, is_all=is_all),
    )


def _nearest(
    space: Space,
    limit: Limit,
    networks: list[Architecture],
    values: "np.ndarray[tuple[int, ...], np.dtype[np.object_]]",
    *,
    is_all: bool,
) -> str:
    """The network whose worst excess, as a ratio, is the smallest; and the budget it would fit."""

    def excess(row: list[int]) -> float:
        return max(
            max(value / cap.most, cap.least / max(value, 1))
            for cap, value in zip(limit.caps, row, strict=True)
        )

    index = min(range(len(networks)), key=lambda number: excess(values[number].tolist()))
    needs = ", ".join(
        f"{cap.bound.measure} in {value}..{cap.most}"
        if value < cap.least
        else f"{cap.bound.measure}<={value}{_unit(cap)}"
        for cap, value in zip(limit.caps, values[index].tolist(), strict=True)
        if not cap.admits(value)
    )
    looked_at = "no network" if is_all else f"none of {len(networks):,} networks drawn from"
    of = "of " if is_all else ""
    return (
        f"{looked_at} {of}the space {space.name!r} is within {str(limit.budget)!r}; the nearest, "
        f"{format_notation(networks[index].stages)}, needs {needs}"
    )


def _unit(cap: Cap) -> str:
    if cap.bound.measure in ("complexity", "params"):
        return ""
    return f"B@b{cap.bound.batch}"


def _every(space: Space) -> Iterator[Architecture]:
    names = [gene.name for gene in space.genes]
    for values in product(*(gene.choices for gene in space.genes)):
        yield space.decode(dict(zip(names, values, strict=True)))


def _some(space: Space, seed: int) -> Iterator[Architecture]:
    random = np.random.default_rng(seed)
    for _ in range(_DRAWS):
        yield space.decode(
            {gene.name: gene.choices[random.integers(len(gene.choices))] for gene in space.genes}
        )


def _exists(architecture: Architecture) -> bool:
    try:
        walk(architecture)
    except ArchitectureError:
        return False
    return True
