"""Bytes of a network in int8 on a microcontroller: its weights in flash, its maps in memory.

As the kernels of CMSIS-NN and TensorFlow Lite for Microcontrollers have them (Lai et al. 2018;
David et al. 2021): a weight and a value of a map have one byte, a bias four. Normalisation is
folded into the convolution before it, whose filters have a bias each then, and activations work in
place.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from nas_tc.architecture import Architecture, Conv, Layer, Linear, volume, walk
from nas_tc.cost.tensors import IMAGES, Op, ops

BIAS_BYTES = 4  # int32


def int8_weight_bytes(architecture: Architecture) -> int:
    """Bytes of the weights, and of a bias for each filter and each output of a linear layer.

    Args:
        architecture: Network to count.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    return int8_bytes_of(walk(architecture))


def int8_bytes_of(layers: Iterable[Layer]) -> int:
    """Bytes of the weights and biases of some layers."""
    total = 0
    for layer in layers:
        if isinstance(layer, Conv):
            total += layer.weights + BIAS_BYTES * layer.n_out
        elif isinstance(layer, Linear):
            total += layer.macs + BIAS_BYTES * layer.n_out
    return total


def int8_memory_bytes(architecture: Architecture) -> int:
    """Most bytes of maps that live at once in a forward pass of one image, the image included.

    A map lives until the last layer that reads it is done, and the image does, too. Weights are
    read from flash and do not count.

    Args:
        architecture: Network to run.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    steps = ops(replace(architecture, norm="none"), training=False)
    return max(int8_live_values(steps, volume(architecture.input)))


def int8_live_values(steps: tuple[Op, ...], images: int) -> Iterator[int]:
    """What lives during each operation of a forward pass; the image lives until it is read.

    Args:
        steps: Operations without normalisation, in order.
        images: Number of values of an image.

    Yields:
        Number of values.
    """
    readers = Counter(tensor for op in steps for tensor in op.reads)
    live = {IMAGES: images}
    for op in steps:
        live[op.writes] = op.size
        yield sum(live.values())
        for tensor in op.reads:
            readers[tensor] -= 1
            if not readers[tensor]:
                del live[tensor]
