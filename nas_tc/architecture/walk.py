"""The shape walk: a network's layers in order, with every shape settled.

Cost, module and export are folds over this one walk, so that a network is described once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from nas_tc.architecture.architecture import Architecture, Shape
from nas_tc.architecture.stage import Pool, Stage
from nas_tc.errors import ArchitectureError


@dataclass(frozen=True, slots=True)
class Conv:
    """A convolution, its batch normalisation if there is one, and its ReLU."""

    name: str  # "conv2.3" is the third convolution of stage 2
    input: Shape
    n_out: int  # filters, the paper's n_l
    filter: int  # side, the paper's s_l, pixels
    stride: int
    padding: int  # pixels a side
    norm: bool  # batch normalisation, which makes a bias idle
    output: Shape

    @property
    def n_in(self) -> int:
        """Input channels, the paper's n_(l-1)."""
        return self.input[0]

    @property
    def complexity(self) -> int:
        """Multiply-adds for one image: n_in * s^2 * n_out * m^2 (He & Sun 2015, Eqn. 1)."""
        _, height, width = self.output
        return self.n_in * self.filter**2 * self.n_out * height * width

    @property
    def macs(self) -> int:
        """The same: this project counts no bias and no normalisation."""
        return self.complexity

    @property
    def params(self) -> int:
        """Weights, and a bias or the scale and shift of the normalisation, each `n_out` long."""
        return self.n_in * self.filter**2 * self.n_out + self.n_out * (2 if self.norm else 1)


@dataclass(frozen=True, slots=True)
class MaxPool:
    """A max pooling between stages; floor rounding, no padding."""

    name: str
    input: Shape
    size: int
    stride: int
    output: Shape
    complexity = macs = params = 0


@dataclass(frozen=True, slots=True)
class PyramidPool:
    """The head's pooling to `bins` x `bins` for each level, flattened to one vector."""

    name: str
    input: Shape
    average: bool
    bins: tuple[int, ...]
    output: Shape  # (length, 1, 1)
    complexity = macs = params = 0


@dataclass(frozen=True, slots=True)
class Linear:
    """A fully connected layer; a hidden one has a ReLU and drop-out behind it."""

    name: str
    input: Shape  # (length, 1, 1)
    n_out: int
    hidden: bool
    dropout: float
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


Layer = Conv | MaxPool | PyramidPool | Linear
Map = tuple[int, int, int]  # padding, height and width of a convolution's output, pixels


def walk(architecture: Architecture) -> tuple[Layer, ...]:
    """Every layer of the network, in order.

    Raises:
        ArchitectureError: a map that a filter or a pooling window does not fit, naming the layer.
    """
    return tuple(_layers(architecture))


def walk_convs(architecture: Architecture) -> Iterator[Conv]:
    """The convolutions alone, which is all that Eqn. (1) needs; raises as `walk` does."""
    return (layer for layer in _stage_layers(architecture) if isinstance(layer, Conv))


@lru_cache(maxsize=65536)
def conv_maps(
    depth: int, size: int, stride: int, padding: int | None, height: int, width: int, first: bool
) -> tuple[Map, ...]:
    """Padding, height and width of each convolution's output map in a stage.

    The padding is the paper's (section 5): none for a first layer of 7x7 or more, otherwise half
    the filter size, so that the map keeps its size. Even filters cannot do that: of two in a row
    the first pads one pixel less, which shrinks the map by one, and the second restores it. An
    even filter with a stride pads as the second does, and the turns begin anew after it: that
    gives the 36, 18 and 6 pixels that the paper asks for behind a delayed subsampling.

    The answer is kept: most candidates of a search share their stages' geometry.

    Args:
        depth: convolutions in the stage.
        size: side of the filters, pixels.
        stride: of the first convolution, pixels.
        padding: of every convolution, pixels a side, where the paper's rule does not hold.
        height: of the input map, pixels.
        width: of the input map, pixels.
        first: whether the stage begins the network.

    Raises:
        ArchitectureError: a filter that does not fit its map; the message begins with the number
            of the convolution within the stage.
    """
    maps: list[Map] = []
    turn = 0  # even filters: 0 pads one pixel less
    for number in range(1, depth + 1):
        step = stride if number == 1 else 1
        pad = size // 2
        if padding is not None:
            pad = padding
        elif first and number == 1 and size >= 7:
            pad = 0
        elif size % 2 == 0 and step == 1:
            pad -= 1 - turn
            turn = 1 - turn
        what = f"{number}: a {size}x{size} filter"
        height = _fitted(height, size, step, pad, what)
        width = _fitted(width, size, step, pad, what)
        maps.append((pad, height, width))
    return tuple(maps)


def stage_maps(stage: Stage, height: int, width: int, *, first: bool) -> tuple[Map, ...]:
    """`conv_maps` of a stage on a map of `height` x `width` pixels."""
    return conv_maps(stage.depth, stage.filter, stage.stride, stage.padding, height, width, first)


def stage_layers(
    stage: Stage, shape: Shape, *, number: int, norm: bool
) -> Iterator[Conv | MaxPool]:
    """The layers of one stage, its pooling last.

    Args:
        stage: what to walk.
        shape: of the stage's input.
        number: of the stage in its network, from 1.
        norm: whether a batch normalisation follows each convolution.

    Raises:
        ArchitectureError: as `walk` does.
    """
    _, height, width = shape
    try:
        maps = stage_maps(stage, height, width, first=number == 1)
    except ArchitectureError as error:
        raise ArchitectureError(f"conv{number}.{error}") from None
    for index, (n_out, (padding, out_height, out_width)) in enumerate(
        zip(stage.widths, maps, strict=True), start=1
    ):
        output = (n_out, out_height, out_width)
        stride = stage.stride if index == 1 else 1
        name = f"conv{number}.{index}"
        yield Conv(name, shape, n_out, stage.filter, stride, padding, norm, output)
        shape = output
    if stage.pool is not None:
        name = f"pool{number}"
        height, width = pooled(stage.pool, shape[1], shape[2], name)
        output = (shape[0], height, width)
        yield MaxPool(name, shape, stage.pool.size, stage.pool.stride, output)


def pooled(pool: Pool, height: int, width: int, name: str = "pool") -> tuple[int, int]:
    """Height and width of a map behind a pooling.

    Raises:
        ArchitectureError: a map smaller than the pooling's window; the message begins with `name`.
    """
    what = f"{name}: a {pool.size}x{pool.size} pooling window"
    return (
        _fitted(height, pool.size, pool.stride, 0, what),
        _fitted(width, pool.size, pool.stride, 0, what),
    )


def _stage_layers(architecture: Architecture) -> Iterator[Conv | MaxPool]:
    shape = architecture.input
    norm = architecture.norm == "batch"
    for number, stage in enumerate(architecture.stages, start=1):
        for layer in stage_layers(stage, shape, number=number, norm=norm):
            yield layer
            shape = layer.output


def _layers(architecture: Architecture) -> Iterator[Layer]:
    shape = architecture.input
    for layer in _stage_layers(architecture):
        yield layer
        shape = layer.output
    head = architecture.head
    pooled = PyramidPool(
        name="pool",
        input=shape,
        average=head.pool == "average",
        bins=head.bins,
        output=(shape[0] * head.values_per_channel, 1, 1),
    )
    yield pooled
    shape = pooled.output
    for number, n_out in enumerate((*head.hidden, architecture.classes), start=1):
        hidden = number <= len(head.hidden)
        dropout = head.dropout if hidden else 0.0
        linear = Linear(f"fc{number}", shape, n_out, hidden=hidden, dropout=dropout)
        yield linear
        shape = linear.output


def _fitted(side: int, size: int, stride: int, padding: int, what: str) -> int:
    """Side of the output map, pixels, rounded down."""
    out = (side + 2 * padding - size) // stride + 1
    if out < 1:
        padded = f" padded by {padding}" if padding else ""
        pixels = "1 pixel" if side == 1 else f"{side} pixels"
        raise ArchitectureError(
            f"{what} does not fit a map of {pixels}{padded}; the map has shrunk too far: use "
            "smaller filters, strides or poolings before it, or larger images"
        )
    return out
