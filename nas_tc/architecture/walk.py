"""The walk: all layers of a network in order, each with its input and output shape.

Costs, torch modules and exported code are computed from this one list, so they always agree.
"""

from collections.abc import Iterator
from functools import lru_cache

from nas_tc.architecture.architecture import Architecture
from nas_tc.architecture.blocks import KEEPS_MAP, Plain, Unit
from nas_tc.architecture.head import Head
from nas_tc.architecture.layers import (
    IMAGES,
    Activation,
    AveragePool,
    Conv,
    Layer,
    Linear,
    MaxPool,
    PyramidPool,
    ResponseNorm,
    Shape,
)
from nas_tc.architecture.map_sizes import MapSize, conv_map_sizes, output_side
from nas_tc.architecture.stage import Pool, Stage
from nas_tc.errors import ArchitectureError

_PLAIN = Plain()


def walk(architecture: Architecture) -> tuple[Layer, ...]:
    """Every layer of the network, each after all layers that feed it.

    Args:
        architecture: Network to walk.

    Raises:
        ArchitectureError: A filter or a pooling window does not fit its map, or a block does not
            fit its channels. The message names the layer.
    """
    return tuple([layer for part in walk_parts(architecture) for layer in part])


def walk_parts(architecture: Architecture) -> Iterator[tuple[Layer, ...]]:
    """The layers of each stage, then those of the head; raises as `walk` does.

    A cache returns the same tuple for equal parts of two networks, so that callers can cache
    results by its identity.
    """
    shape = architecture.input
    for part in _known_stages(architecture):
        yield part
        shape = part[-1].output
    yield _known_head(architecture.head, shape, architecture.classes, architecture.activation)


def walk_convs(architecture: Architecture) -> Iterator[Conv]:
    """The convolutions alone; raises as `walk` does."""
    layers = (layer for part in _known_stages(architecture) for layer in part)
    return (layer for layer in layers if isinstance(layer, Conv))


def stage_maps(stage: Stage, height: int, width: int, *, first: bool) -> tuple[MapSize, ...]:
    """Padding and size of each convolution's output map; the input has `height` x `width` pixels.

    `first` says whether the stage is the first of its network. See `conv_map_sizes`.
    """
    padding, dilation = stage.padding, 1
    if isinstance(stage.block, KEEPS_MAP):
        padding = stage.filter // 2
    elif isinstance(stage.block, Plain):
        dilation = stage.block.dilation
    return conv_map_sizes(
        stage.depth, stage.filter, stage.stride, padding, height, width, first, dilation
    )


def stage_layers(
    stage: Stage,
    shape: Shape,
    *,
    number: int,
    norm: bool,
    activation: Activation = "relu",
    source: str = IMAGES,
) -> Iterator[Layer]:
    """The layers of one stage: its convolutions, then its pooling and response normalisation.

    Args:
        stage: Stage to walk.
        shape: Shape of the stage's input.
        number: Number of the stage in its network, from 1.
        norm: Whether a batch normalisation follows each convolution.
        activation: Activation behind each convolution, where its block has one.
        source: Name of the layer before the stage.

    Yields:
        The layers, first to last.

    Raises:
        ArchitectureError: As for `walk`.
    """
    _, height, width = shape
    try:
        maps = stage_maps(stage, height, width, first=number == 1)
    except ArchitectureError as error:
        raise ArchitectureError(f"conv{number}.{error}") from None
    block = stage.block
    is_plain = block == _PLAIN  # most blocks are plain, and need no `Unit`
    for index, (n_out, (padding, out_height, out_width)) in enumerate(
        zip(stage.widths, maps, strict=True), start=1
    ):
        output = (n_out, out_height, out_width)
        stride = stage.stride if index == 1 else 1
        name = f"conv{number}.{index}"
        if is_plain:
            yield Conv(name, shape, n_out, stage.filter, stride, padding, norm, output, activation)
        else:
            unit = Unit(
                name,
                shape,
                n_out,
                stage.filter,
                stride,
                padding,
                out_height,
                out_width,
                norm,
                activation,
                source,
            )
            for layer in block.layers(unit):
                yield layer
            source = layer.name
        shape = output
    yield from _behind(stage, shape, number)


def pooled(pool: Pool, height: int, width: int, name: str = "pool") -> tuple[int, int]:
    """Height and width of a map behind a pooling.

    Args:
        pool: Pooling to apply.
        height: Height of the input map, pixels.
        width: Width of the input map, pixels.
        name: Name of the layer, for an error message.

    Raises:
        ArchitectureError: The map is smaller than the pooling window. The message begins with
            `name`.
    """
    what = f"{name}: a {pool.size}x{pool.size} pooling window"
    return (
        output_side(height, pool.size, pool.stride, pool.padding, what, ceil=pool.ceil),
        output_side(width, pool.size, pool.stride, pool.padding, what, ceil=pool.ceil),
    )


def _behind(stage: Stage, shape: Shape, number: int) -> Iterator[Layer]:
    """The pooling of a stage and its response normalisation, in order."""
    pool = stage.pool
    if stage.lrn == "before":
        yield ResponseNorm(f"norm{number}", shape)
    if pool is not None:
        name = f"pool{number}"
        height, width = pooled(pool, shape[1], shape[2], name)
        output = (shape[0], height, width)
        kind = AveragePool if pool.average else MaxPool
        yield kind(name, shape, pool.size, pool.stride, output, pool.padding, pool.ceil)
        shape = output
    if stage.lrn == "after":
        yield ResponseNorm(f"norm{number}", shape)


def _known_stages(architecture: Architecture) -> Iterator[tuple[Layer, ...]]:
    shape = architecture.input
    norm = architecture.norm == "batch"
    source = IMAGES
    for number, stage in enumerate(architecture.stages, start=1):
        known = _known_stage(stage, shape, number, norm, architecture.activation, source)
        yield known
        shape, source = known[-1].output, known[-1].name


@lru_cache(maxsize=8192)
def _known_stage(
    stage: Stage, shape: Shape, number: int, norm: bool, activation: Activation, source: str
) -> tuple[Layer, ...]:
    """Cached layers of a stage: candidates of a search share most of their stages."""
    return tuple(
        stage_layers(stage, shape, number=number, norm=norm, activation=activation, source=source)
    )


@lru_cache(maxsize=1024)
def _known_head(
    head: Head, shape: Shape, classes: int, activation: Activation
) -> tuple[Layer, ...]:
    pooled = PyramidPool(
        name="pool",
        input=shape,
        average=head.pool == "average",
        bins=head.bins,
        output=(shape[0] * head.values_per_channel, 1, 1),
        dropout=0.0 if head.hidden else head.dropout,
    )
    layers: list[Layer] = [pooled]
    for number, n_out in enumerate((*head.hidden, classes), start=1):
        hidden = number <= len(head.hidden)
        linear = Linear(
            f"fc{number}",
            layers[-1].output,
            n_out,
            hidden=hidden,
            dropout=head.dropout if hidden else 0.0,
            activation=activation if hidden else None,
        )
        layers.append(linear)
    return tuple(layers)
