"""The work of a layer or a network, by which times are compared of layers that differ in kind."""

from collections.abc import Iterable
from typing import NamedTuple

from nas_tc.architecture import Architecture, Layer, volume, walk_parts
from nas_tc.architecture.layers import source_volume
from nas_tc.latency.layer_signature import LayerSignature


class Workload(NamedTuple):
    """What a layer or a network has to do for one image.

    Attributes:
        operations: Number of operations: convolutions, poolings, sums, products.
        macs: Multiply-adds.
        values: Values of the maps that are read and written.
        params: Parameters that are read.
    """

    operations: int = 0
    macs: int = 0
    values: int = 0
    params: int = 0


def layer_workload(signature: LayerSignature) -> Workload:
    """The work of a layer; branches that meet again are as many operations as they have layers."""
    operations = signature.sizes.count(" ") + 1
    return Workload(operations, signature.macs, signature.values, signature.params)


def walk_workload(layers: Iterable[Layer]) -> Workload:
    """The work of layers of a walk.

    Args:
        layers: Layers of a network, or of a part of it.
    """
    operations = macs = values = params = 0
    for layer in layers:
        operations += 1
        macs += layer.macs
        values += source_volume(layer) + volume(layer.output)
        params += layer.params
    return Workload(operations, macs, values, params)


def network_workload(architecture: Architecture) -> Workload:
    """The work of a network.

    Args:
        architecture: The network.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    return walk_workload(layer for part in walk_parts(architecture) for layer in part)
