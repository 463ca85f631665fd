"""Costs of a network by formula, layer by layer and in total: folds over the shape walk."""

from dataclasses import dataclass

from nas_tc.architecture import Architecture, Conv, Layer, Shape, volume, walk
from nas_tc.cost.operations import flops

BYTES_PER_VALUE = 4  # float32


@dataclass(frozen=True, slots=True)
class LayerCost:
    """One layer's share of the cost of one image."""

    layer: Layer

    @property
    def name(self) -> str:
        """Name of the layer in the walk: "conv2.3"."""
        return self.layer.name

    @property
    def kind(self) -> str:
        """Kind of the layer in words: "conv", "max pool", "linear"."""
        if isinstance(self.layer, Conv) and self.layer.groups > 1:
            return "depthwise" if self.layer.groups == self.layer.n_in else "grouped conv"
        return _KINDS[type(self.layer).__name__]

    @property
    def output(self) -> Shape:
        """Shape of the output: channels, height, width."""
        return self.layer.output

    @property
    def complexity(self) -> int:
        """Multiply-adds that count in Eqn. (1): those of convolutions."""
        return self.layer.complexity

    @property
    def macs(self) -> int:
        """Multiply-adds."""
        return self.layer.macs

    @property
    def flops(self) -> int:
        """Every arithmetic operation, two for a multiply-add."""
        return flops(self.layer)

    @property
    def params(self) -> int:
        """Weights, biases, scales and shifts."""
        return self.layer.params

    @property
    def activation_bytes(self) -> int:
        """Bytes of the output, float32."""
        return volume(self.layer.output) * BYTES_PER_VALUE


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a network for one image. One multiply-add (MAC) is two FLOPs."""

    architecture: Architecture
    layers: tuple[LayerCost, ...]

    @property
    def complexity(self) -> int:
        """Multiply-adds of the convolutions (He & Sun 2015, Eqn. 1)."""
        return sum([each.layer.complexity for each in self.layers])

    @property
    def macs(self) -> int:
        """Multiply-adds of convolutions and fully connected layers."""
        return sum([each.layer.macs for each in self.layers])

    @property
    def flops(self) -> int:
        """Every arithmetic operation: two for a multiply-add, and what other layers do."""
        return sum([flops(each.layer) for each in self.layers])

    @property
    def params(self) -> int:
        """Weights, biases, and scales and shifts of batch normalisation."""
        return sum([each.layer.params for each in self.layers])

    @property
    def param_bytes(self) -> int:
        """Bytes of the parameters, float32."""
        return self.params * BYTES_PER_VALUE

    @property
    def activation_bytes(self) -> int:
        """Bytes of the outputs of all layers together, float32.

        A convolution, its normalisation and its activation count as one output.
        `nas_tc.cost.memory` has the memory of a step, which is less.
        """
        return BYTES_PER_VALUE * sum([volume(each.layer.output) for each in self.layers])


def network_cost(architecture: Architecture) -> Cost:
    """Every layer's cost for one image.

    Args:
        architecture: Network to count.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    return Cost(architecture, tuple([LayerCost(layer) for layer in walk(architecture)]))


_KINDS = {
    "Conv": "conv",
    "MaxPool": "max pool",
    "AveragePool": "average pool",
    "GlobalPool": "global pool",
    "ResponseNorm": "response norm",
    "Add": "add",
    "Concat": "concat",
    "Scale": "scale",
    "PyramidPool": "pyramid pool",
    "Linear": "linear",
}
