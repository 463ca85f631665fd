"""Operations in the order that an architecture has, where another order computes the same."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from nas_tc.reading.operations import (
    Activate,
    AdaptivePooling,
    Convolution,
    DropOut,
    HalfPooling,
    Operation,
    Operations,
    Padding,
    Pooling,
    Product,
    Unchanged,
    refusal,
)
from nas_tc.reading.scores import linear_scores

_MONOTONE = ("relu", "relu6", "tanh", "sigmoid")  # the maximum may be taken before or after them


def simplify(operations: Operations) -> tuple[dict[int, Operation], list[tuple[int, DropOut]]]:
    """The operations without what changes nothing, and each activation before its max pooling.

    Args:
        operations: Operations by number.

    Returns:
        The operations that are left, under their numbers; and each drop-out with the number of the
        operation that it follows.

    Raises:
        ArchitectureError: Zeros are padded in front of something else than a convolution.
    """
    found = dict(operations)
    for number, operation in operations.items():
        if isinstance(operation, Unchanged):
            _take_out(found, number)
    _join_swish(found)
    places: dict[int, int] = {}  # number of a drop-out, and of the operation that it follows
    dropped = {n: each for n, each in found.items() if isinstance(each, DropOut)}
    for number in dropped:
        source = found[number].sources[0]
        places[number] = places.get(source, source)
        _take_out(found, number)
    _join_means(found)
    linear_scores(found)
    _pad_in_convolutions(found)
    for before, behind in _swap_poolings(found):
        places = {number: behind if at == before else at for number, at in places.items()}
    return found, [(places[number], each) for number, each in dropped.items()]


def followers(operations: Operations) -> dict[int, list[int]]:
    """Numbers of the operations that take each output, in order."""
    found: dict[int, list[int]] = {}
    for number, operation in operations.items():
        for source in operation.sources:
            found.setdefault(source, []).append(number)
    return found


def _take_out(operations: dict[int, Operation], number: int) -> None:
    """Removes an operation with one source; what took its output takes that source's."""
    (source,) = operations.pop(number).sources
    _rewire(operations, lambda each: source if each == number else each)


def _rewire(operations: dict[int, Operation], new: Callable[[int], int]) -> None:
    for number, operation in operations.items():
        sources = tuple(map(new, operation.sources))
        if sources != operation.sources:
            operations[number] = replace(operation, sources=sources)


def _join_swish(operations: dict[int, Operation]) -> None:
    """X * sigmoid(x) is a SiLU."""
    for number, product in list(operations.items()):
        if not isinstance(product, Product):
            continue
        for source, gate in (product.sources, product.sources[::-1]):
            match operations.get(gate):
                case Activate(name="sigmoid", sources=sources) if sources == (source,):
                    if followers(operations)[gate] == [number]:
                        del operations[gate]
                        operations[number] = Activate(
                            product.where, (source,), product.shape, "silu"
                        )
                        break


def _join_means(operations: dict[int, Operation]) -> None:
    """A mean of means, or of rows side by side, is global average pooling."""
    for number, half in list(operations.items()):
        if not isinstance(half, HalfPooling):
            continue
        for each in followers(operations).get(number, []):
            pooling = operations[each]
            if not isinstance(pooling, AdaptivePooling) or (half.is_mean and not pooling.average):
                raise refusal(
                    half.where,
                    f"it leaves {'x'.join(map(str, half.shape))} of a map",
                    "maps may be flattened to one vector, or averaged: mean((2, 3))",
                )
        _take_out(operations, number)


def _pad_in_convolutions(operations: dict[int, Operation]) -> None:
    """Zeros around a map become the padding of the convolutions behind it."""
    for number, padding in list(operations.items()):
        if not isinstance(padding, Padding):
            continue
        for each in followers(operations).get(number, []):
            conv = operations[each]
            if not isinstance(conv, Convolution):
                raise refusal(
                    padding.where, "zeros in front of no convolution", "a convolution pads zeros"
                )
            operations[each] = replace(conv, padding=conv.padding + padding.pixels)
        _take_out(operations, number)


def _swap_poolings(operations: dict[int, Operation]) -> Iterator[tuple[int, int]]:
    """Puts activations before max poolings: ReLU(max(x)) is max(ReLU(x)).

    Yields:
        Number of a pooling that was before an activation, and the number of what is now the last
        of the two.
    """
    is_swapped = True
    while is_swapped:
        is_swapped = False
        uses = Counter(source for each in operations.values() for source in each.sources)
        for number, activate in list(operations.items()):
            if not isinstance(activate, Activate) or activate.name not in _MONOTONE:
                continue
            before = activate.sources[0]
            pooling = operations.get(before)
            if not isinstance(pooling, Pooling) or pooling.pool.average or uses[before] > 1:
                continue
            # The numbers stay in order: the first of the two becomes the activation.
            feeding = operations.get(pooling.sources[0])
            shape = pooling.shape if feeding is None else feeding.shape
            operations[before] = replace(activate, sources=pooling.sources, shape=shape)
            operations[number] = replace(pooling, sources=(before,))
            yield before, number
            is_swapped = True
            break
