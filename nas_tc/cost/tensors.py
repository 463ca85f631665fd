"""The tensors that torch makes when it runs a network: what is read, written and kept.

A layer of the walk is up to four operations for torch: a convolution, its normalisation, its
activation, a drop-out. Memory follows from them, so they are spelt out here; the facts are those
of torch's CPU kernels in float32.
"""

from dataclasses import dataclass

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
_INDEX_BYTES = 8  # torch's index of a maximum


@dataclass(frozen=True, slots=True)
class Op:
    """One operation for one image; sizes are in values, of 4 bytes or of 2."""

    reads: tuple[int, ...]  # numbers of the tensors that it reads
    writes: int  # number of the tensor that it makes
    size: int  # of that tensor
    keeps: tuple[int, ...] = ()  # tensors that its backward pass needs
    keeps_more: int = 0  # values of no other use, such as the indices of maxima
    scratch: int = 0  # values that it needs while it runs; those that it keeps may be among them
    params: int = 0  # weights, whose gradient its backward pass makes
    passes_gradient: bool = False  # a sum hands its own gradient on as it is


def ops(architecture: Architecture, *, training: bool, value_bytes: int = 4) -> tuple[Op, ...]:
    """The operations of a forward pass, in order.

    Args:
        architecture: The network.
        training: Whether drop-out takes part.
        value_bytes: Bytes of a value of a map: 4 in float32, 2 in bfloat16.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    return part_ops(walk(architecture), training=training, value_bytes=value_bytes)


def part_ops(
    layers: tuple[Layer, ...], *, training: bool, value_bytes: int = 4, before: Op | None = None
) -> tuple[Op, ...]:
    """The operations of a part of a network, in order.

    Args:
        layers: Layers of the part.
        training: Whether drop-out takes part.
        value_bytes: Bytes of a value of a map: 4 in float32, 2 in bfloat16.
        before: Operation that makes the part's input, as tensor 0: it is the first of the
            operations then. None: the part begins with the images.
    """
    index_values = _INDEX_BYTES // value_bytes
    found: list[Op] = [] if before is None else [before]
    outputs = {-1: IMAGES if before is None else 0}
    for number, (layer, feeds) in enumerate(zip(layers, sources(layers), strict=True)):
        op = _main(layer, tuple(outputs[feed] for feed in feeds), len(found), index_values)
        found.append(op)
        if isinstance(layer, Conv) and layer.norm:
            op = Op((op.writes,), len(found), op.size, keeps=(op.writes,), params=2 * layer.n_out)
            found.append(op)
        if activation := _activation(layer):
            op = _activated(activation, op, len(found))
            found.append(op)
        if training and isinstance(layer, Linear | PyramidPool) and layer.dropout:
            op = Op((op.writes,), len(found), op.size, keeps_more=op.size)
            found.append(op)
        outputs[number] = op.writes
    return tuple(found)


def _main(layer: Layer, reads: tuple[int, ...], out: int, index_values: int) -> Op:
    """The operation that a layer is named after."""
    size = volume(layer.output)
    match layer:
        case Conv():
            scales = 2 * layer.n_out if layer.norm else 0  # of an operation of their own
            return Op(reads, out, size, keeps=reads, params=layer.params - scales)
        case Linear():
            return Op(reads, out, size, keeps=reads, params=layer.params)
        case MaxPool():
            index = index_values * size
            return Op(reads, out, size, keeps=reads, keeps_more=index, scratch=index)
        case PyramidPool():
            # The levels, then their concatenation; maxima keep their indices.
            index = 0 if layer.average else index_values * size
            keeps = () if layer.average and layer.bins == (1,) else reads
            return Op(reads, out, size, keeps=keeps, keeps_more=index, scratch=size + index)
        case ResponseNorm():
            # Squares, padded by their window; the sum and its power are kept for the quotient.
            padded = size + (layer.size - 1) * size // layer.input[0]
            more = padded + 2 * size
            return Op(reads, out, size, keeps=reads, keeps_more=more, scratch=2 * size)
        case Add():
            return Op(reads, out, size, passes_gradient=True)
        case Scale() | AveragePool():
            return Op(reads, out, size, keeps=reads)
        case GlobalPool() | Concat():
            return Op(reads, out, size)


def _activation(layer: Layer) -> Activation | None:
    match layer:
        case Conv() | Add():
            return layer.activation
        case Linear(hidden=True):
            return layer.activation
    return None


def _activated(activation: Activation, before: Op, number: int) -> Op:
    """An activation works in place where it can; `number` is that of a new tensor."""
    tensor, size = before.writes, before.size
    if activation == "relu":
        return Op((tensor,), tensor, size, keeps=(tensor,))
    if activation in ("relu6", "silu"):  # in place too, but torch keeps what they overwrite
        return Op((tensor,), tensor, size, keeps_more=size)
    return Op((tensor,), number, size, keeps=(number,))
