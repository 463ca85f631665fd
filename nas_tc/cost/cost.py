"""What a network costs by formula, layer by layer and in total: folds over the shape walk."""

from dataclasses import dataclass
from math import prod

from nas_tc.architecture import Architecture, Layer, Shape, walk, walk_convs

BYTES_PER_VALUE = 4  # float32


def complexity(architecture: Architecture) -> int:
    """Multiply-adds of all convolutions for one image (He & Sun 2015, Eqn. 1).

    Neither biases nor fully connected layers count. This is the number that budgets limit, so it
    is kept fast: tens of microseconds.

    Raises:
        ArchitectureError: a map that shrinks to nothing.
    """
    return sum(conv.complexity for conv in walk_convs(architecture))


@dataclass(frozen=True, slots=True)
class LayerCost:
    """One layer's share of the cost of one image."""

    name: str
    kind: str  # "conv", "max pool", "pyramid pool" or "linear"
    output: Shape
    complexity: int  # multiply-adds, Eqn. (1)
    macs: int  # multiply-adds
    params: int
    activation_bytes: int  # of the output, float32


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a network for one image. One multiply-add (MAC) is two FLOPs."""

    architecture: Architecture
    layers: tuple[LayerCost, ...]

    @property
    def complexity(self) -> int:
        """Multiply-adds of the convolutions (He & Sun 2015, Eqn. 1)."""
        return sum(layer.complexity for layer in self.layers)

    @property
    def macs(self) -> int:
        """Multiply-adds of convolutions and fully connected layers."""
        return sum(layer.macs for layer in self.layers)

    @property
    def params(self) -> int:
        """Weights, biases, and scales and shifts of batch normalisation."""
        return sum(layer.params for layer in self.layers)

    @property
    def activation_bytes(self) -> int:
        """Outputs of all layers together, float32: what a training step keeps of one image.

        A convolution, its normalisation and its ReLU count as one output.
        """
        return sum(layer.activation_bytes for layer in self.layers)


def network_cost(architecture: Architecture) -> Cost:
    """Every layer's cost for one image.

    Raises:
        ArchitectureError: a map that shrinks to nothing.
    """
    return Cost(architecture, tuple(_layer_cost(layer) for layer in walk(architecture)))


_KINDS = {"Conv": "conv", "MaxPool": "max pool", "PyramidPool": "pyramid pool", "Linear": "linear"}


def _layer_cost(layer: Layer) -> LayerCost:
    return LayerCost(
        name=layer.name,
        kind=_KINDS[type(layer).__name__],
        output=layer.output,
        complexity=layer.complexity,
        macs=layer.macs,
        params=layer.params,
        activation_bytes=prod(layer.output) * BYTES_PER_VALUE,
    )
