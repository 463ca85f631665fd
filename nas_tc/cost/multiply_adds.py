"""Eqn. (1) of He & Sun (2015) for one network, without a walk of all its layers."""

from functools import lru_cache

from nas_tc.architecture import (
    IMAGES,
    Architecture,
    Block,
    Plain,
    Shape,
    Stage,
    Unit,
    pooled,
    stage_maps,
    walk,
)
from nas_tc.errors import ArchitectureError

_PLAIN = Plain()
Map = tuple[int, int]  # height and width, pixels


def complexity(architecture: Architecture) -> int:
    """Multiply-adds of all convolutions for one image (He & Sun 2015, Eqn. 1).

    Neither biases nor fully connected layers count. This is the number that budgets limit, so it
    is kept fast: units of equal shape are counted once, and remembered.

    Args:
        architecture: Network to count.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    total, shape, is_first = 0, architecture.input, True
    try:
        for stage in architecture.stages:
            macs, shape = _of_stage(stage, shape, is_first)
            total += macs
            is_first = False
    except ArchitectureError:
        walk(architecture)  # whose message names the layer
        raise
    return total


@lru_cache(maxsize=8192)
def _of_stage(stage: Stage, shape: Shape, is_first: bool) -> tuple[int, Shape]:
    """Multiply-adds of a stage, and the shape of the map behind its pooling."""
    channels, *size = shape
    height, width = size
    total, stride = 0, stage.stride
    is_plain = stage.block == _PLAIN  # most blocks are plain, and need no walk
    for n_out, (padding, *after) in zip(
        stage.widths, stage_maps(stage, height, width, first=is_first), strict=True
    ):
        behind = (after[0], after[1])
        if is_plain:
            total += channels * stage.filter**2 * n_out * after[0] * after[1]
        else:
            total += _of_unit(
                stage.block, stage.filter, stride, padding, channels, (height, width), n_out, behind
            )
        channels, (height, width), stride = n_out, behind, 1
    if stage.pool is not None:
        height, width = pooled(stage.pool, height, width)
    return total, (channels, height, width)


@lru_cache(maxsize=1 << 16)
def _of_unit(
    block: Block,
    filter: int,
    stride: int,
    padding: int,
    n_in: int,
    before: Map,
    n_out: int,
    behind: Map,
) -> int:
    """Multiply-adds of one unit between two maps."""
    unit = Unit(
        name="unit",
        input=(n_in, *before),
        n_out=n_out,
        filter=filter,
        stride=stride,
        padding=padding,
        height=behind[0],
        width=behind[1],
        norm=True,
        activation="relu",
        source=IMAGES,
    )
    return sum(layer.complexity for layer in block.layers(unit))
