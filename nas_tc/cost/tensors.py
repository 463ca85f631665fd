"""The tensors that torch makes when it runs a network: what is read, written and kept.

A layer of the walk is up to four operations for torch: a convolution, its normalisation, its
activation, a drop-out. Memory follows from them, so they are spelt out here; the facts are those
of torch's CPU kernels in float32.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from nas_tc.architecture import (
    Activation,
    Add,
    Architecture,
    AveragePool,
    Concat,
    Conv,
    GlobalPool,
    Layer,
    Linear,
    MaxPool,
    PyramidPool,
    ResponseNorm,
    Scale,
    sources,
    volume,
    walk,
)

IMAGES = -1  # the tensor of the normalised images
INDEX_VALUES = 2  # torch's index of a maximum is 8 bytes, two values


@dataclass(frozen=True, slots=True)
class Op:
    """One operation for one image; sizes are in values of 4 bytes."""

    reads: tuple[int, ...]  # numbers of the tensors that it reads
    writes: int  # number of the tensor that it makes
    size: int  # of that tensor
    keeps: tuple[int, ...] = ()  # tensors that its backward pass needs
    keeps_more: int = 0  # values of no other use, such as the indices of maxima
    scratch: int = 0  # values that it needs while it runs; those that it keeps may be among them
    params: int = 0  # weights, whose gradient its backward pass makes
    passes_gradient: bool = False  # a sum hands its own gradient on as it is


def ops(architecture: Architecture, *, training: bool) -> tuple[Op, ...]:
    """The operations of a forward pass, in order.

    Raises:
        ArchitectureError: as `walk` does.
    """
    layers = walk(architecture)
    found: list[Op] = []
    numbers = count()
    outputs = {-1: IMAGES}
    for number, (layer, feeds) in enumerate(zip(layers, sources(layers), strict=True)):
        reads = tuple(outputs[feed] for feed in feeds)
        for op in _of_layer(layer, reads, numbers, training):
            found.append(op)
        outputs[number] = found[-1].writes
    return tuple(found)


def _of_layer(
    layer: Layer, reads: tuple[int, ...], numbers: Iterator[int], training: bool
) -> Iterator[Op]:
    size = volume(layer.output)
    out = next(numbers)
    activation: Activation | None = None
    dropout = 0.0
    match layer:
        case Conv():
            scales = 2 * layer.n_out if layer.norm else 0
            yield Op(reads, out, size, keeps=reads, params=layer.params - scales)
            if layer.norm:
                before, out = out, next(numbers)
                yield Op((before,), out, size, keeps=(before,), params=scales)
            activation = layer.activation
        case Linear():
            yield Op(reads, out, size, keeps=reads, params=layer.params)
            activation = layer.activation if layer.hidden else None
            dropout = layer.dropout
        case MaxPool():
            index = INDEX_VALUES * size
            yield Op(reads, out, size, keeps=reads, keeps_more=index, scratch=index)
        case PyramidPool():
            # The levels, and their concatenation; maxima keep their indices.
            index = 0 if layer.average else INDEX_VALUES * size
            keeps = () if layer.average and layer.bins == (1,) else reads
            yield Op(reads, out, size, keeps=keeps, keeps_more=index, scratch=size + index)
            dropout = layer.dropout
        case ResponseNorm():
            # Squares, padded by their window; the sum and its power are kept for the quotient.
            _, height, width = layer.input
            padded = size + (layer.size - 1) * height * width
            yield Op(reads, out, size, keeps=reads, keeps_more=padded + 2 * size, scratch=2 * size)
        case Add():
            yield Op(reads, out, size, passes_gradient=True)
            activation = layer.activation
        case Scale() | AveragePool():
            yield Op(reads, out, size, keeps=reads)
        case GlobalPool() | Concat():
            yield Op(reads, out, size)
    if activation:
        op = _activated(activation, out, size, numbers)
        yield op
        out = op.writes
    if dropout and training:
        yield Op((out,), next(numbers), size, keeps_more=size)


def _activated(activation: Activation, tensor: int, size: int, numbers: Iterator[int]) -> Op:
    """An activation works in place where it can, and then keeps its result."""
    if activation == "relu":
        return Op((tensor,), tensor, size, keeps=(tensor,))
    if activation in ("relu6", "silu"):  # in place too, but torch keeps what they overwrite
        return Op((tensor,), tensor, size, keeps_more=size)
    out = next(numbers)
    return Op((tensor,), out, size, keeps=(out,))
