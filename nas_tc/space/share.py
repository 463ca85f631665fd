"""Share of a space that a budget leaves: counted if its networks are few, else sampled."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from nas_tc.architecture import Architecture, format_notation, walk
from nas_tc.budget import Limit
from nas_tc.cost.measures import MEASURES
from nas_tc.errors import ArchitectureError, SpaceError
from nas_tc.space.nearest import Limited, excess, nearest_network
from nas_tc.space.size import extreme_networks
from nas_tc.space.space import Space

if TYPE_CHECKING:
    import numpy as np

_DRAWS = 2000  # settings: a space of no more is listed, a larger one is sampled
_STARTS = 16  # nearest of them, which are changed to find a network that fits


@dataclass(frozen=True, slots=True)
class LimitShare:
    """One limit, the range of its measure in a space, and the number of networks that keep it."""

    cap: Limited  # the limit
    smallest: float  # least amount in the space; this and the next two in the measure's unit
    median: float
    largest: float
    fit: int  # number of networks that keep this limit, whether or not they keep the others


@dataclass(frozen=True, slots=True)
class SpaceShare:
    """What a budget leaves of a space.

    Attributes:
        networks: Number of different networks that were checked.
        is_all: Whether these are all networks of the space; otherwise they are a uniform sample.
        caps: Figures of each limit.
        fit: Number of networks that keep all limits.
        binding: Limit that the fewest networks keep; None if all networks keep all limits.
        found: Network within all limits, if none of those checked is, but changes of genes lead to
            one.
        nearest: Message that names the nearest network and the budget that it needs; None if a
            network is within all limits.
        is_proven: Whether it is proven that no network is within all limits, where none was found.
    """

    networks: int
    is_all: bool
    caps: tuple[LimitShare, ...]
    fit: int
    binding: Limited | None
    found: Architecture | None
    nearest: str | None
    is_proven: bool = False


def fitting(
    space: Space,
    limit: Limit,
    seed: int = 0,
    *,
    times: Sequence[Limited] = (),
    seeks_nearest: bool = True,
    only_proven: bool = False,
) -> SpaceShare:
    """Share of `space` that a budget leaves.

    A space of up to 2000 settings is listed; of a larger one 2000 are sampled uniformly, so
    that a share of 10 % is known to within 1.3 points (two standard errors). Where none of these
    fits, the nearest of them are changed, gene after gene, into one that does, if they can be.

    Args:
        space: The space at the images' shape and classes.
        limit: Budget; its limits by formula count.
        seed: Seed for the sample.
        times: Further limits, on times that a table predicts.
        seeks_nearest: Whether to look for a network that fits where none of these does.
        only_proven: Whether to look for the nearest network only where it is proven that none fits.

    Raises:
        SpaceError: No network that was looked at exists on the space's images.
        TableError: The table of layer times cannot predict a network.
    """
    import numpy as np  # noqa: PLC0415 - keeps nas-tc --help quick

    is_all = space.settings <= _DRAWS
    drawn = _every(space) if is_all else _some(space, seed)
    networks = [each for each in dict.fromkeys(drawn) if _exists(each)]
    if not networks:
        raise SpaceError(
            f"space {space.name!r}: no network that was drawn can be built on its images, because "
            "maps shrink to nothing; use larger images"
        )
    caps = (*limit.caps, *times)
    values = np.array([[cap.of(each) for cap in caps] for each in networks], dtype=object)
    most = np.array([cap.most for cap in caps], dtype=object)
    least = np.array([cap.least for cap in caps], dtype=object)
    keeps = ((values <= most) & (values >= least)).astype(bool)
    fit = int(keeps.all(axis=1).sum())
    rows = tuple(
        LimitShare(cap, min(column), sorted(column)[len(column) // 2], max(column), int(kept.sum()))
        for cap, column, kept in zip(caps, values.T.tolist(), keeps.T, strict=True)
    )
    found, nearest, is_proven = (
        (None, None, False)
        if fit or not seeks_nearest
        else _nearest(space, limit, caps, networks, values, is_all, only_proven)
    )
    binding = min(rows, key=lambda row: row.fit, default=None)
    return SpaceShare(
        networks=len(networks),
        is_all=is_all,
        caps=rows,
        fit=fit,
        binding=binding.cap if binding and binding.fit < len(networks) else None,
        found=found,
        nearest=nearest,
        is_proven=is_proven,
    )


def refusal(space: Space, limit: Limit) -> str | None:
    """The message that no network of a space keeps all limits, if sums over its stages prove it.

    It names the nearest network that changes of single genes lead to from the cheapest ones, and
    the budget that it needs. None: there may be a network within the limits.

    Args:
        space: Space at the images' shape and classes.
        limit: Budget; its limits by formula count.

    Raises:
        SpaceError: No network of the space exists, or a stage has too many choices.
    """
    from nas_tc.space.joint import Joint  # noqa: PLC0415 - keeps nas-tc --help quick

    if Joint(space, limit.caps).count:
        return None
    nearest = nearest_network(space, limit.caps, extreme_networks(space))[0]
    return _message(space, limit, limit.caps, nearest, f"no network of the space {space.name!r}")


def _nearest(
    space: Space,
    limit: Limit,
    caps: tuple[Limited, ...],
    networks: list[Architecture],
    values: "np.ndarray[tuple[int, ...], np.dtype[np.object_]]",
    is_all: bool,
    only_proven: bool,
) -> tuple[Architecture | None, str | None, bool]:
    """A network within all limits, or a message with the nearest; whether that is proven."""
    drawn, is_proven = (None, True) if is_all else _drawn_within(space, limit, caps)
    if drawn is not None or (only_proven and not is_proven):
        return drawn, None, False
    order = sorted(range(len(networks)), key=lambda place: excess(caps, values[place].tolist()))
    if is_all:
        nearest = networks[order[0]]
    else:
        sampled = [networks[place] for place in order[:_STARTS]]
        nearest = nearest_network(space, caps, [*extreme_networks(space), *sampled])[0]
    if excess(caps, [cap.of(nearest) for cap in caps])[0] <= 1:
        return nearest, None, False
    looked_at = f"no network of the space {space.name!r}"
    if not is_proven:
        looked_at = f"none of {len(networks):,} networks drawn from the space {space.name!r}"
    return None, _message(space, limit, caps, nearest, looked_at), is_proven


def _message(
    space: Space, limit: Limit, caps: Sequence[Limited], nearest: Architecture, looked_at: str
) -> str:
    """The message that nothing was found, with the budget that the nearest network needs."""
    needs = ", ".join(
        _needed(cap, value)
        for cap, value in zip(caps, [cap.of(nearest) for cap in caps], strict=True)
        if not cap.admits(value)
    )
    led_to = "" if looked_at.startswith("no ") else " that they lead to"
    size = f" at {nearest.resolution}" if space.resolutions else ""
    return (
        f"{looked_at} is within {str(limit.budget)!r}; the nearest{led_to}, "
        f"{format_notation(nearest.stages)}{size}, needs {needs}"
    )


def _drawn_within(
    space: Space, limit: Limit, caps: tuple[Limited, ...]
) -> tuple[Architecture | None, bool]:
    """A network within all limits, or None; and whether there is provably none."""
    import numpy as np  # noqa: PLC0415

    from nas_tc.space.joint import Joint  # noqa: PLC0415

    joint, random = Joint(space, limit.caps), np.random.default_rng(0)
    if joint.count <= _DRAWS:
        rows = joint.all()
    else:
        rows = np.concatenate([joint.draw(_DRAWS // 4, random) for _ in range(4)])
    for values in space.values(rows.tolist()):
        network = space.decode(values)
        if all(cap.admits(cap.of(network)) for cap in caps):
            return network, False
    return None, joint.count <= _DRAWS


def _needed(cap: Limited, value: float) -> str:
    """The limit in the budget language, loosened so that an amount of `value` keeps it."""
    bound = cap.bound
    text = f"{bound.measure}<={cap.amount(value)}"
    if value < cap.least:
        text = f"{bound.measure} in {cap.amount(value, up=False)}..{cap.amount(cap.most)}"
    if "batch" in MEASURES[bound.measure].depends_on:
        text += f"@b{bound.batch}"
    return text + (f" on {bound.device}" if bound.device else "")


def _every(space: Space) -> Iterator[Architecture]:
    """The network of each setting of the genes."""
    names = [gene.name for gene in space.genes]
    for values in product(*(gene.choices for gene in space.genes)):
        yield space.decode(dict(zip(names, values, strict=True)))


def _some(space: Space, seed: int) -> Iterator[Architecture]:
    """The networks of settings that are drawn uniformly."""
    import numpy as np  # noqa: PLC0415

    random = np.random.default_rng(seed)
    for _ in range(_DRAWS):
        yield space.decode(
            {gene.name: gene.choices[random.integers(len(gene.choices))] for gene in space.genes}
        )


def _exists(architecture: Architecture) -> bool:
    """Whether no map of the network shrinks to nothing."""
    try:
        walk(architecture)
    except ArchitectureError:
        return False
    return True
