"""The times of a network's layers, and the modules that each of them stands for."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from nas_tc.architecture import Architecture, Join
from nas_tc.latency.layer_signature import LayerSignature, nodes_of
from nas_tc.module import Network, modules_of

LEAST_MS = 1e-5  # of a layer that does nothing, for which a clock may tick too slowly


@dataclass(frozen=True, slots=True)
class LayerProfile:
    """Milliseconds of a network and of its layers, from interleaved runs.

    Attributes:
        whole_ms: Milliseconds of the network, from runs without a clock between layers.
        layers: Signature and milliseconds of each layer in order: its forward pass, or that with
            its backward pass, on a processor and its update.
        update_ms: Milliseconds of the update of all parameters in a training step on a GPU, where
            it is one call; None otherwise.
    """

    whole_ms: float
    layers: tuple[tuple[LayerSignature, float], ...]
    update_ms: float | None = None

    @property
    def sum_ms(self) -> float:
        """Milliseconds of the layers and of the update."""
        return sum(ms for _, ms in self.layers) + (self.update_ms or 0.0)


def rows_of(network: Network, architecture: Architecture) -> list[list[nn.Module]]:
    """The network's own modules, grouped by the nodes of its architecture."""
    modules: Iterator[nn.Module] = iter(network.layers)
    return [[next(modules) for _ in range(_count(node))] for node in nodes_of(architecture)]


def _count(node: object) -> int:
    if isinstance(node, Join):
        return 1
    with torch.device("meta"):  # built without memory, only to be counted
        return len(list(modules_of(node)))  # type: ignore[arg-type]
