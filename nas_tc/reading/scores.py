"""1x1 convolutions that give the scores, as the linear layers of a head."""

from torch import Tensor, nn

from nas_tc.reading.operations import (
    Activate,
    AdaptivePooling,
    Convolution,
    Flattening,
    FullyConnected,
    Normalisation,
    Operation,
    Operations,
    Pooling,
    Softmax,
)

_BEHIND = (Activate, Normalisation, FullyConnected, Softmax, Flattening)


def linear_scores(operations: dict[int, Operation]) -> None:
    """Makes linear layers of 1x1 convolutions at the end, where both compute the same.

    On a map of one pixel a 1x1 convolution is a linear layer: the last one, and those before it up
    to a global pooling. In front of global average pooling the last one may be behind it as well,
    because both are linear.

    Args:
        operations: Operations by number, which are changed.
    """
    if not operations:
        return
    end = max(operations)
    tail: list[int] = []
    number = end
    while _is_of_tail(operations, number):
        tail.append(number)
        number = operations[number].sources[0]
    layers = [n for n in tail if isinstance(operations[n], FullyConnected | Convolution)]
    before = operations.get(number)
    if not layers:
        _behind_pooling(operations, number)
    elif not (isinstance(before, AdaptivePooling) and before.bins == 1):
        layers = layers[:1]  # others are stages, however small their maps are
    for each in layers:
        conv = operations[each]
        if isinstance(conv, Convolution):
            operations[each] = _linear(conv, conv.sources)


def activation_of_scores(operations: Operations) -> Activate | None:
    """The activation between a 1x1 convolution and the global average pooling of the scores.

    Args:
        operations: Operations by number, of a network without a linear layer.
    """
    for pooling in operations.values():
        activate = operations.get(pooling.sources[0])
        if isinstance(activate, Activate) and _is_global_average(pooling, activate.shape):
            conv = operations.get(activate.sources[0])
            return activate if isinstance(conv, Convolution) and conv.is_pointwise else None
    return None


def _is_of_tail(operations: Operations, number: int) -> bool:
    """Whether an operation may belong to a head, and no other takes its source."""
    operation = operations.get(number)
    if operation is None:
        return False
    is_alone = sum(operation.sources[0] in each.sources for each in operations.values()) == 1
    if isinstance(operation, Convolution):
        on_a_pixel = operation.shape[1:] == (1, 1) and operation.stride == 1
        return is_alone and operation.is_pointwise and on_a_pixel
    return is_alone and isinstance(operation, _BEHIND)


def _behind_pooling(operations: dict[int, Operation], number: int) -> None:
    """Puts a 1x1 convolution behind the global average pooling that follows it."""
    pooling = operations.get(number)
    if pooling is None:
        return
    source = pooling.sources[0]
    conv = operations.get(source)
    uses = sum(source in each.sources for each in operations.values())
    if (
        isinstance(conv, Convolution)
        and conv.is_pointwise
        and conv.stride == 1
        and uses == 1
        and _is_global_average(pooling, conv.shape)
    ):
        operations[source] = AdaptivePooling(
            pooling.where, conv.sources, (conv.n_in,), bins=1, average=True
        )
        operations[number] = _linear(conv, (source,))


def _is_global_average(operation: Operation, map: tuple[int, ...]) -> bool:
    if isinstance(operation, AdaptivePooling):
        return operation.average and operation.bins == 1
    if not isinstance(operation, Pooling):
        return False
    pool = operation.pool
    return pool.average and not pool.padding and set(map[1:]) == {pool.size}


def _linear(conv: Convolution, sources: tuple[int, ...]) -> FullyConnected:
    weight: Tensor = conv.weight.detach().flatten(1)
    if isinstance(conv.weight, nn.Parameter):
        weight = nn.Parameter(weight)
    return FullyConnected(
        conv.where, sources, conv.shape[:1], weight, conv.bias, convolved=conv.complexity
    )
