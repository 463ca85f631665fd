"""The head of a user's module: how it pools, its hidden layers, its drop-out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from nas_tc.architecture import Head, Pool, Shape
from nas_tc.errors import ArchitectureError
from nas_tc.reading.operations import (
    Activate,
    AdaptivePooling,
    Concatenation,
    DropOut,
    Factor,
    Flattening,
    FullyConnected,
    Normalisation,
    Operation,
    Softmax,
    refusal,
)
from nas_tc.reading.parts import Flow
from nas_tc.reading.scores import activation_of_scores

_HEADS = (
    "a head is global average pooling or Flatten, then linear layers with an activation between "
    "them, the last without one; on one pixel, 1x1 convolutions are linear layers"
)


@dataclass(frozen=True, eq=False)
class Hidden:
    """A linear layer, the normalisations around it, and its activation."""

    linear: FullyConnected
    before: Normalisation | None
    norm: Normalisation | None  # between the layer and its activation
    activation: Activate | None
    source: int  # number of the operation that it takes
    places: range  # from the number of the layer to that of its last operation
    factor: float = 1.0  # by which its output is multiplied


@dataclass(frozen=True, eq=False)
class ReadHead:
    """A head as it was read.

    Attributes:
        head: The head, without its drop-out.
        layers: Linear layers, the last of which gives the scores.
        pooled: Number of the operation that gives the pooled vector.
        takes_pool: Whether the head does what the last pooling of the stages does.
        softmax: Softmax or sigmoid behind the scores; None without one.
    """

    head: Head
    layers: tuple[Hidden, ...]
    pooled: int
    takes_pool: bool
    softmax: Softmax | Activate | None


def read_head(flow: Flow, end: int, map: Shape, last_pool: tuple[Pool, Shape] | None) -> ReadHead:
    """The head behind the last map.

    Args:
        flow: Operations of the network.
        end: Number of the operation that gives the last map.
        map: Shape of that map.
        last_pool: The pooling that gives it, and the shape of its input; None without one.

    Raises:
        ArchitectureError: There is something else than a head. The message names the place.
    """
    several = flow.next(end)
    if len(several) > 1:
        head, end = _pyramid(flow, [number for number, _ in several])
        layers, softmax = _layers(flow, end)
        return _read(head, layers, end, False, softmax)
    if not several:
        raise _no_scores(flow)
    number, operation = several[0]
    takes_pool = False
    if isinstance(operation, AdaptivePooling):
        head = Head("average" if operation.average else "max", (operation.bins,))
        end = number
        behind = flow.only(number)
        if behind is not None and isinstance(behind[1], Flattening):
            end = behind[0]
    elif isinstance(operation, Flattening) or (
        isinstance(operation, FullyConnected | Normalisation) and map[1:] == (1, 1)
    ):
        head, takes_pool = _flattened(operation, map, last_pool)
        end = number if isinstance(operation, Flattening) else end
    else:
        raise refusal(operation.where, f"{_kind(operation)} between maps and head", _HEADS)
    layers, softmax = _layers(flow, end)
    return _read(head, layers, end, takes_pool, softmax)


def _read(
    head: Head,
    layers: tuple[Hidden, ...],
    end: int,
    takes_pool: bool,
    softmax: Softmax | Activate | None,
) -> ReadHead:
    widths = tuple(int(each.linear.weight.shape[0]) for each in layers[:-1])
    return ReadHead(Head(head.pool, head.bins, widths), layers, end, takes_pool, softmax)


def _pyramid(flow: Flow, numbers: Sequence[int]) -> tuple[Head, int]:
    """Pyramid pooling: one map pooled to several numbers of bins, flattened and joined.

    Args:
        flow: Operations of the network.
        numbers: Numbers of the poolings.
    """
    levels: dict[int, AdaptivePooling] = {}
    ends: dict[int, Operation] = {}
    for first in numbers:
        number = first
        level = flow.operations[number]
        assert isinstance(level, AdaptivePooling)
        behind = flow.only(number)
        if behind is not None and isinstance(behind[1], Flattening):
            number = behind[0]
            behind = flow.only(number)
        if behind is None or not isinstance(behind[1], Concatenation):
            raise refusal(level.where, "one of several poolings of a map", _HEADS)
        levels[number] = level
        ends[behind[0]] = behind[1]
    end, joined = ends.popitem()
    kinds = {each.average for each in levels.values()}
    if ends or len(kinds) > 1 or set(joined.sources) != set(levels):
        raise refusal(joined.where, "it joins something else than one pyramid", _HEADS)
    bins = tuple(levels[number].bins for number in joined.sources)
    return Head("average" if kinds.pop() else "max", bins), end


def with_dropout(read: ReadHead, dropped: Sequence[tuple[int, DropOut]]) -> tuple[Head, list[str]]:
    """The head with its drop-out, and notes on drop-out that stands elsewhere in the module.

    Args:
        read: Head as it was read.
        dropped: Each drop-out, and the number of the operation that it follows.
    """
    first = read.layers[0]
    places = [range(read.pooled, first.source + 1)]  # after it drop-out may stand
    if len(read.layers) > 1:
        places = [
            range(layer.places.start, following.source + 1)
            for layer, following in pairwise(read.layers)
        ]
    shares = [0.0] * len(places)
    notes = []
    for place, operation in dropped:
        if operation.share == 0:
            continue
        number = next((n for n, each in enumerate(places) if place in each), None)
        if number is not None:
            shares[number] = max(shares[number], operation.share)
        else:
            notes.append(f"drop-out of {operation.share:g} is left out: {operation.where}")
    share = max(shares)
    if len(set(shares)) > 1:
        given = ", ".join(f"{each:g}" for each in shares)
        notes.append(f"drop-out of {share:g} follows every hidden layer (the module has {given})")
    return Head(read.head.pool, read.head.bins, read.head.hidden, share), notes


def _flattened(
    operation: Operation, map: Shape, last_pool: tuple[Pool, Shape] | None
) -> tuple[Head, bool]:
    """The head that flattens a map, and whether it pools as the last pooling does."""
    _, height, width = map
    if height != width:
        raise refusal(
            operation.where,
            f"it flattens a map of {height}x{width}",
            "a flattened map is as high as wide; pool it globally, or take square images",
        )
    if last_pool is not None:
        pool, before = last_pool
        head = Head("average" if pool.average else "max", (height,))
        same = all(_windows(pool, side, height) == _bins(side, height) for side in before[1:])
        return head, same
    return Head("average", (height,)), False


def _windows(pool: Pool, side: int, count: int) -> list[tuple[int, int]]:
    """First pixel of each window, and the pixel behind its last."""
    if pool.average and (pool.padding or (count - 1) * pool.stride + pool.size > side):
        return []  # what hangs over the edge counts as zeros
    starts = [number * pool.stride - pool.padding for number in range(count)]
    return [(max(0, start), min(side, start + pool.size)) for start in starts]


def _bins(side: int, count: int) -> list[tuple[int, int]]:
    """The same for adaptive pooling to `count` bins."""
    return [(number * side // count, -(-(number + 1) * side // count)) for number in range(count)]


def _layers(flow: Flow, end: int) -> tuple[tuple[Hidden, ...], Softmax | Activate | None]:
    """The linear layers, and a softmax or a sigmoid behind them."""
    found: list[Hidden] = []
    softmax: Softmax | None = None
    before: Normalisation | None = None
    while (following := flow.only(end)) is not None:
        number, operation = following
        if softmax is not None:
            raise refusal(operation.where, f"{_kind(operation)} behind a softmax", _HEADS)
        source, end = end, number
        match operation:
            case Normalisation() if before is None:
                before = operation
            case Softmax():
                softmax = operation
            case Factor() if found and found[-1].activation is None:
                found[-1] = replace(found[-1], factor=found[-1].factor * operation.factor)
            case FullyConnected() if not found or found[-1].activation is not None:
                norm, activation, end = flow.closing(number)
                places = range(number, end + 1)
                found.append(Hidden(operation, before, norm, activation, source, places))
                before = None
            case FullyConnected():
                where = found[-1].linear.where
                raise refusal(where, "no activation follows a hidden layer", _HEADS)
            case _:
                raise refusal(operation.where, f"{_kind(operation)} in the head", _HEADS)
    if several := flow.next(end):
        raise refusal(several[0][1].where, f"{len(several)} layers take one vector", _HEADS)
    if before is not None:
        raise refusal(before.where, "a normalisation behind the last linear layer", _HEADS)
    return _closed(flow, found, softmax)


def _closed(
    flow: Flow, found: list[Hidden], softmax: Softmax | None
) -> tuple[tuple[Hidden, ...], Softmax | Activate | None]:
    """The layers, the last without the sigmoid of its scores."""
    if not found:
        raise _no_scores(flow)
    last = found[-1].activation
    if last is None:
        return tuple(found), softmax
    if last.name != "sigmoid" or softmax is not None:
        raise refusal(last.where, "an activation of the scores", _HEADS)
    return (*found[:-1], replace(found[-1], activation=None)), last


def _no_scores(flow: Flow) -> ArchitectureError:
    """The error for a network without a linear layer."""
    activation = activation_of_scores(flow.operations)
    if activation is not None:
        return refusal(
            activation.where,
            "an activation between the 1x1 convolution of the scores and their pooling",
            "leave it out: scores have none",
        )
    return refusal("the module's forward", "no linear layer gives the scores", _HEADS)


def _kind(operation: Operation) -> str:
    """An operation in words: "an adaptive pooling"."""
    match operation:
        case Activate():
            return "an activation"
        case FullyConnected():
            return "a linear layer"
    words = re.sub(r"(?<=.)([A-Z])", r" \1", type(operation).__name__).lower()
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
