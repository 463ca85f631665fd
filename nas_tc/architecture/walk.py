"""The shape walk: a network's layers in order, with every shape settled.

Cost, module and export are folds over this one walk, so that a network is described once.
"""

from collections.abc import Iterator

from nas_tc.architecture.architecture import Architecture
from nas_tc.architecture.blocks import KEEPS_MAP, Plain, Unit
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
from nas_tc.architecture.sides import Map, conv_maps, fitted
from nas_tc.architecture.stage import Pool, Stage
from nas_tc.errors import ArchitectureError

_PLAIN = Plain()


def walk(architecture: Architecture) -> tuple[Layer, ...]:
    """Every layer of the network, each behind all that feed it.

    Raises:
        ArchitectureError: a map that a filter or a pooling window does not fit, or a block that
            its channels do not fit, naming the layer.
    """
    return tuple(_layers(architecture))


def walk_convs(architecture: Architecture) -> Iterator[Conv]:
    """The convolutions alone, which is all that Eqn. (1) needs; raises as `walk` does."""
    return (layer for layer in _all_stages(architecture) if isinstance(layer, Conv))


def stage_maps(stage: Stage, height: int, width: int, *, first: bool) -> tuple[Map, ...]:
    """`conv_maps` of a stage on a map of `height` x `width` pixels, one for each unit."""
    padding, dilation = stage.padding, 1
    if isinstance(stage.block, KEEPS_MAP):
        padding = stage.filter // 2
    elif isinstance(stage.block, Plain):
        dilation = stage.block.dilation
    return conv_maps(
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
    """The layers of one stage, its pooling last.

    Args:
        stage: what to walk.
        shape: of the stage's input.
        number: of the stage in its network, from 1.
        norm: whether a batch normalisation follows each convolution.
        activation: behind each convolution, where its block has one.
        source: name of the layer before the stage.

    Raises:
        ArchitectureError: as `walk` does.
    """
    _, height, width = shape
    try:
        maps = stage_maps(stage, height, width, first=number == 1)
    except ArchitectureError as error:
        raise ArchitectureError(f"conv{number}.{error}") from None
    block = stage.block
    is_plain = block == _PLAIN  # most are; the same layers without the way round
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

    Raises:
        ArchitectureError: a map smaller than the pooling's window; the message begins with `name`.
    """
    what = f"{name}: a {pool.size}x{pool.size} pooling window"
    return (
        fitted(height, pool.size, pool.stride, pool.padding, what, ceil=pool.ceil),
        fitted(width, pool.size, pool.stride, pool.padding, what, ceil=pool.ceil),
    )


def _behind(stage: Stage, shape: Shape, number: int) -> Iterator[Layer]:
    """The pooling of a stage and its response normalisation, in their order."""
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


def _all_stages(architecture: Architecture) -> Iterator[Layer]:
    shape = architecture.input
    norm = architecture.norm == "batch"
    activation = architecture.activation
    source = IMAGES
    for number, stage in enumerate(architecture.stages, start=1):
        for layer in stage_layers(
            stage, shape, number=number, norm=norm, activation=activation, source=source
        ):
            yield layer
        shape = layer.output
        source = layer.name


def _layers(architecture: Architecture) -> Iterator[Layer]:
    shape = architecture.input
    for layer in _all_stages(architecture):
        yield layer
        shape = layer.output
    head = architecture.head
    pooled = PyramidPool(
        name="pool",
        input=shape,
        average=head.pool == "average",
        bins=head.bins,
        output=(shape[0] * head.values_per_channel, 1, 1),
        dropout=0.0 if head.hidden else head.dropout,
    )
    yield pooled
    shape = pooled.output
    for number, n_out in enumerate((*head.hidden, architecture.classes), start=1):
        hidden = number <= len(head.hidden)
        dropout = head.dropout if hidden else 0.0
        linear = Linear(
            f"fc{number}",
            shape,
            n_out,
            hidden=hidden,
            dropout=dropout,
            activation=architecture.activation if hidden else None,
        )
        yield linear
        shape = linear.output
