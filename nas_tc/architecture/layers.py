"""The layers of a network, each with its input and output shape.

A walk is the tuple of all layers, in the order in which they are computed (`walk`). Most layers
take the output of the layer before them. A layer that takes another output names that layer in
`source`; a layer with several inputs names them all in `sources`. The images are named `IMAGES`.
Symbols and Eqn. (1) are those of He & Sun (2015).
"""

from dataclasses import dataclass
from math import prod
from typing import Literal

Shape = tuple[int, int, int]  # channels; height and width in pixels
Activation = Literal["relu", "relu6", "silu", "tanh", "sigmoid"]
IMAGES = "input"


@dataclass(frozen=True, slots=True)
class Conv:
    """A convolution, its batch normalisation if there is one, and its activation if any."""

    name: str  # "conv2.3" is the third unit of stage 2; its parts go by "conv2.3.reduce"
    input: Shape
    n_out: int  # number of filters, n_l
    filter: int  # side of the square filters, s_l, pixels
    stride: int  # pixels
    padding: int  # pixels a side
    norm: bool  # whether batch normalisation follows; its shift replaces the bias
    output: Shape
    activation: Activation | None = "relu"
    groups: int = 1  # the input channels are split among them
    dilation: int = 1  # distance between the filter's taps, pixels
    source: str = ""  # name of the layer that feeds it; empty: the layer before

    @property
    def n_in(self) -> int:
        """Number of input channels, n_(l-1)."""
        return self.input[0]

    @property
    def complexity(self) -> int:
        """Multiply-adds for one image: n_in * s^2 * n_out * m^2 (Eqn. 1).

        With groups, each filter reads only the input channels of its group.
        """
        _, height, width = self.output
        return self.input[0] * self.filter**2 * self.n_out * height * width // self.groups

    macs = complexity  # biases and normalisation do not count

    @property
    def weights(self) -> int:
        """Number of weights in all filters."""
        return self.input[0] * self.filter**2 * self.n_out // self.groups

    @property
    def params(self) -> int:
        """Weights, and a bias or the scale and shift of the normalisation, each `n_out` long."""
        return self.weights + self.n_out * (2 if self.norm else 1)


@dataclass(frozen=True, slots=True)
class MaxPool:
    """A max pooling, which ignores padded pixels."""

    name: str
    input: Shape
    size: int  # side of the window, pixels
    stride: int  # pixels
    output: Shape
    padding: int = 0  # pixels a side
    ceil: bool = False  # whether the last window may hang over the edge
    source: str = ""
    complexity = macs = params = 0


@dataclass(frozen=True, slots=True)
class AveragePool:
    """An average pooling, which takes padded pixels as zeros."""

    name: str
    input: Shape
    size: int  # side of the window, pixels
    stride: int  # pixels
    output: Shape
    padding: int = 0  # pixels a side
    ceil: bool = False  # whether the last window may hang over the edge
    source: str = ""
    complexity = macs = params = 0


@dataclass(frozen=True, slots=True)
class GlobalPool:
    """The average of each channel over the whole map, kept as a map of one pixel."""

    name: str
    input: Shape
    source: str = ""
    complexity = macs = params = 0

    @property
    def output(self) -> Shape:
        """Shape of the output."""
        return (self.input[0], 1, 1)


@dataclass(frozen=True, slots=True)
class ResponseNorm:
    """Local response normalisation over 5 channels (Krizhevsky et al. 2012, section 3.3)."""

    name: str
    input: Shape
    size: int = 5  # channels
    source: str = ""
    complexity = macs = params = 0

    @property
    def output(self) -> Shape:
        """Shape of the output."""
        return self.input


@dataclass(frozen=True, slots=True)
class Add:
    """The sum of two maps, as in a residual block, and its activation if any."""

    name: str
    input: Shape
    sources: tuple[str, str]  # last layer of the block's body, and of its shortcut
    activation: Activation | None
    complexity = macs = params = 0

    @property
    def output(self) -> Shape:
        """Shape of the output."""
        return self.input


@dataclass(frozen=True, slots=True)
class Concat:
    """Maps of one size, concatenated along the channels."""

    name: str
    input: Shape  # input shape of the first map
    sources: tuple[str, ...]  # last layer of each branch
    output: Shape
    complexity = macs = params = 0


@dataclass(frozen=True, slots=True)
class Scale:
    """A map times one factor for each channel, as in squeeze-and-excitation."""

    name: str
    input: Shape
    sources: tuple[str, str]  # the map, and the factors
    complexity = macs = params = 0

    @property
    def output(self) -> Shape:
        """Shape of the output."""
        return self.input


@dataclass(frozen=True, slots=True)
class PyramidPool:
    """The head's pooling: each channel to n x n values for each n in `bins`, all in one vector."""

    name: str
    input: Shape
    average: bool  # whether it averages; otherwise it takes maxima
    bins: tuple[int, ...]
    output: Shape  # (length, 1, 1)
    dropout: float = 0.0  # share of values that drop-out clears; 0 if a hidden layer follows
    source: str = ""
    complexity = macs = params = 0


@dataclass(frozen=True, slots=True)
class Linear:
    """A fully connected layer; a hidden one has an activation and drop-out behind it."""

    name: str
    input: Shape  # (length, 1, 1)
    n_out: int
    hidden: bool
    dropout: float  # share of values that drop-out clears behind the layer
    activation: Activation | None = "relu"  # activation of a hidden layer
    source: str = ""
    complexity = 0  # Eqn. (1) leaves fully connected layers out

    @property
    def output(self) -> Shape:
        """Shape of the output."""
        return (self.n_out, 1, 1)

    @property
    def macs(self) -> int:
        """Multiply-adds for one image."""
        return self.input[0] * self.n_out

    @property
    def params(self) -> int:
        """Weights and biases."""
        return (self.input[0] + 1) * self.n_out


Layer = (
    Conv
    | MaxPool
    | AveragePool
    | GlobalPool
    | ResponseNorm
    | Add
    | Concat
    | Scale
    | PyramidPool
    | Linear
)


def volume(shape: Shape) -> int:
    """Number of values in a map or vector of this shape, for one image."""
    return prod(shape)


def source_volume(layer: Layer) -> int:
    """Number of values that a layer reads, for one image."""
    match layer:
        case Add():
            return 2 * volume(layer.input)
        case Concat():
            return volume(layer.output)
        case Scale():
            return volume(layer.input) + layer.input[0]
        case _:
            return volume(layer.input)


def source_names(layer: Layer, before: str) -> tuple[str, ...]:
    """Names of the layers that feed `layer`; `before` is the name of the layer before it."""
    if isinstance(layer, Add | Concat | Scale):
        return layer.sources
    return (layer.source or before,)


def sources(layers: tuple[Layer, ...], before: str = IMAGES) -> tuple[tuple[int, ...], ...]:
    """Indices of the layers that feed each layer of a walk; -1 is the input of the walk.

    Args:
        layers: Layers of a walk, or of a part of one.
        before: Name of the source of the first layer: the images, or the layer before the part.
    """
    numbers = {before: -1}
    found = []
    for number, layer in enumerate(layers):
        found.append(tuple(numbers[name] for name in source_names(layer, before)))
        numbers[layer.name] = number
        before = layer.name
    return tuple(found)
