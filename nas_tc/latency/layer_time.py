"""A layer with the mean of its times."""

from dataclasses import dataclass

from nas_tc.latency.layer_signature import LayerSignature

_REMEMBERED = 20  # networks in a layer's moving mean: the weight of older ones fades


@dataclass(slots=True)
class LayerTime:
    """A layer and the geometric mean of its times in all networks that it was timed in.

    Each time is corrected for the slowdown of the machine. The errors that remain have both signs,
    so the mean predicts better than the lowest time (results/timing).

    Attributes:
        signature: Signature of the layer.
        ms: Mean time, milliseconds.
        networks: Number of networks that it was timed in.
    """

    signature: LayerSignature
    ms: float
    networks: int = 1

    def add(self, ms: float) -> None:
        """Adds the layer's time in another network."""
        self.networks += 1
        self.ms *= (ms / self.ms) ** (1 / min(self.networks, _REMEMBERED))
