"""Peak memory of a forward pass and of a training step, in bytes, from the life of each tensor.

The sum of all outputs gives neither: a forward pass frees each map after its last reader, and a
training step keeps more than outputs. Parameters are float32, and so are maps unless
`value_bytes` says that they are bfloat16.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from nas_tc.architecture import Architecture, Conv, MaxPool, volume, walk
from nas_tc.cost.algorithms import im2col_bytes as conv_im2col_bytes
from nas_tc.cost.tensors import IMAGES, Op, ops

_BYTES = 4  # float32
Optimizer = Literal["sgd", "momentum", "adam"]

OPTIMIZER_VALUES: Mapping[Optimizer, int] = MappingProxyType({"sgd": 0, "momentum": 1, "adam": 2})
"""Number of values that each optimizer keeps for a parameter."""


@dataclass(frozen=True, slots=True)
class TrainingMemory:
    """Memory of a training step, bytes: its parts, and the peak of what is held at once."""

    parameter_bytes: int
    gradient_bytes: int
    optimizer_bytes: int
    saved_bytes: int  # what the forward pass keeps for the backward pass
    peak_bytes: int

    @property
    def total_bytes(self) -> int:
        """Parameters, gradients, optimizer state and saved activations."""
        return self.parameter_bytes + self.gradient_bytes + self.optimizer_bytes + self.saved_bytes


def im2col_bytes(architecture: Architecture, batch: int = 1) -> int:
    """Bytes of the largest im2col buffer, which the convolutions use one after another."""
    convs = (layer for layer in walk(architecture) if isinstance(layer, Conv))
    return max(conv_im2col_bytes(conv, batch) for conv in convs)


def pool_index_bytes(architecture: Architecture, batch: int = 1, index_bytes: int = 4) -> int:
    """Bytes of the indices of the maxima of all max poolings, kept for the backward pass.

    Args:
        architecture: Network to count.
        batch: Number of images.
        index_bytes: Bytes of one index: 4 in the survey (docs/cost-model.md), 8 in torch.
    """
    pools = (layer for layer in walk(architecture) if isinstance(layer, MaxPool))
    return batch * index_bytes * sum(volume(pool.output) for pool in pools)


def inference_bytes(architecture: Architecture, batch: int = 1) -> int:
    """Peak memory of a forward pass without gradients: parameters, images, live tensors.

    Args:
        architecture: Network to run.
        batch: Number of images.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    steps = ops(architecture, training=False)
    images = volume(architecture.input)
    peak = max(2 * images, *live_values(steps, images, keep=False))
    return _BYTES * (_params(steps) + batch * (images + peak))


def training_memory(
    architecture: Architecture,
    batch: int,
    optimizer: Optimizer = "momentum",
    *,
    value_bytes: Literal[2, 4] = 4,
) -> TrainingMemory:
    """Memory of a training step: forward, backward, update.

    Args:
        architecture: Network to train.
        batch: Number of images of a step.
        optimizer: Optimizer; its state is counted.
        value_bytes: Bytes of a value of a map: 4 in float32; 2 under bfloat16 autocast, which
            keeps a bfloat16 copy of each weight until the backward pass has used it.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    steps = ops(architecture, training=True, value_bytes=value_bytes)
    images = volume(architecture.input)
    params = _params(steps)
    states = OPTIMIZER_VALUES[optimizer] * params
    copy_bytes = 0 if value_bytes == _BYTES else value_bytes  # of the copy of a weight
    forward = batch * value_bytes * max(live_values(steps, images, keep=True)) + copy_bytes * params
    backward = max(
        batch * value_bytes * values + _BYTES * gradients + copy_bytes * copies
        for values, gradients, copies in backward_values(steps, images)
    )
    # Adam's update takes the root of a parameter's second moments, and a quotient.
    update = params + (2 * max(op.params for op in steps) if optimizer == "adam" else 0)
    peak = max(forward, backward, _BYTES * update)
    return TrainingMemory(
        parameter_bytes=_BYTES * params,
        gradient_bytes=_BYTES * params,
        optimizer_bytes=_BYTES * states,
        saved_bytes=value_bytes * batch * saved_values(steps, images),
        peak_bytes=_BYTES * (params + states + batch * images) + peak,
    )


def _params(steps: tuple[Op, ...]) -> int:
    return sum(op.params for op in steps)


def _sizes(steps: tuple[Op, ...], images: int) -> dict[int, int]:
    """Number of values of each tensor, for one image."""
    return {IMAGES: images, **{op.writes: op.size for op in steps}}


def saved_values(steps: tuple[Op, ...], images: int) -> int:
    """Number of values that the backward pass needs, for one image."""
    sizes = _sizes(steps, images)
    kept = {tensor for op in steps for tensor in op.keeps}
    return sum(sizes[tensor] for tensor in kept) + sum(op.keeps_more for op in steps)


def live_values(steps: tuple[Op, ...], images: int, *, keep: bool) -> Iterator[int]:
    """Number of values that live during each operation of a forward pass, for one image.

    A tensor lives until its last reader is done; with `keep`, what the backward pass needs stays.
    The normalised images stay in any case: the call of the first module holds them.
    """
    readers = Counter([tensor for op in steps for tensor in op.reads])
    readers[IMAGES] += 1
    if keep:
        readers.update([tensor for op in steps for tensor in op.keeps])
    live = {IMAGES: images}
    living = images  # values of all of them
    kept_more = 0
    for op in steps:
        living += op.size - live.get(op.writes, 0)
        live[op.writes] = op.size
        yield living + kept_more + max(op.scratch, op.keeps_more if keep else 0)
        kept_more += op.keeps_more if keep else 0
        for tensor in op.reads:
            readers[tensor] -= 1
            if not readers[tensor]:
                living -= live.pop(tensor)


def backward_values(steps: tuple[Op, ...], images: int) -> Iterator[tuple[int, int, int]]:
    """What lives during each operation's backward pass.

    Args:
        steps: Operations of the forward pass, in order.
        images: Number of values of an image.

    Yields:
        Values of tensors for one image; gradients of weights; and, where weights have copies in
        another type, values in that type: the copies, and the operation's gradient, which is made
        in that type first.
    """
    sizes = _sizes(steps, images)
    keepers = Counter(tensor for op in steps for tensor in op.keeps)
    saved = saved_values(steps, images)
    gradients = {steps[-1].writes: steps[-1].size}
    weight_gradients = 0
    copies = _params(steps)
    for op in reversed(steps):
        arrived = gradients.pop(op.writes)
        weight_gradients += op.params
        made = Counter({tensor: sizes[tensor] for tensor in op.reads if tensor != IMAGES})
        # A sum passes one gradient tensor to all its inputs. It counts for the input that was made
        # first, because that is the last to need it in a backward pass.
        if op.passes_gradient:
            made = Counter(dict.fromkeys(op.reads, 0)) + Counter({min(op.reads): op.size})
            arrived = 0
        now = saved + arrived + sum(gradients.values()) + sum(made.values())
        yield now, weight_gradients, copies + op.params
        copies -= op.params
        for tensor in op.reads:
            if tensor != IMAGES:
                gradients[tensor] = max(gradients.get(tensor, 0), made[tensor])
        for tensor in op.keeps:
            keepers[tensor] -= 1
            saved -= 0 if keepers[tensor] else sizes[tensor]
        saved -= op.keeps_more
