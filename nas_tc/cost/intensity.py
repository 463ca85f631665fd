"""Arithmetic intensity: operations of a layer for each byte that it moves."""

from nas_tc.architecture import Layer, source_volume, volume
from nas_tc.cost.operations import flops

_BYTES = 4  # float32


def moved_bytes(layer: Layer, batch: int = 1) -> int:
    """Fewest bytes that a layer reads and writes: inputs, weights and output, each once."""
    values = batch * (source_volume(layer) + volume(layer.output)) + layer.params
    return _BYTES * values


def intensity(layer: Layer, batch: int = 1) -> float:
    """Operations for each byte (the roofline model's x axis; Williams et al. 2009).

    A layer below a device's ratio of arithmetic to bandwidth is bound by memory, and its
    multiply-adds say little about its time.
    """
    return batch * flops(layer) / moved_bytes(layer, batch)
