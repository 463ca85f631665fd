"""Delayed subsampling (He & Sun 2015, section 4.6), and back."""

from collections.abc import Collection
from dataclasses import replace
from itertools import pairwise

from nas_tc.architecture.architecture import Architecture


def delay_subsampling(
    architecture: Architecture, stages: Collection[int] | None = None
) -> Architecture:
    """The same network with the stride of each pooling moved to the convolution behind it.

    The pooling then only filters, with stride 1, and the complexity hardly changes. A pooling
    behind the last stage keeps its stride, because no convolution follows it.

    Args:
        architecture: Network to change.
        stages: Numbers of the stages, from 1, whose poolings hand over their stride; None: all
            stages.
    """
    found = list(architecture.stages)
    for number, (stage, following) in enumerate(pairwise(architecture.stages), start=1):
        if stage.pool is not None and (stages is None or number in stages):
            found[number] = replace(following, stride=following.stride * stage.pool.stride)
            found[number - 1] = replace(found[number - 1], pool=replace(stage.pool, stride=1))
    return replace(architecture, stages=tuple(found))


def advance_subsampling(
    architecture: Architecture, stages: Collection[int] | None = None
) -> Architecture:
    """The reverse: a pooling of stride 1 takes the stride of the convolution behind it.

    Args:
        architecture: Network to change.
        stages: Numbers of the stages, from 1, whose poolings take a stride; None: all stages.
    """
    found = list(architecture.stages)
    for number, (stage, following) in enumerate(pairwise(architecture.stages), start=1):
        at_once = stage.pool is not None and stage.pool.stride == 1
        if stage.pool is not None and at_once and (stages is None or number in stages):
            pool = replace(stage.pool, stride=following.stride)
            found[number] = replace(found[number], stride=1)
            found[number - 1] = replace(found[number - 1], pool=pool)
    return replace(architecture, stages=tuple(found))
