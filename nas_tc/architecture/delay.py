"""Delayed subsampling (He & Sun 2015, section 4.6)."""

from dataclasses import replace
from itertools import pairwise

from nas_tc.architecture.architecture import Architecture


def delay_subsampling(architecture: Architecture) -> Architecture:
    """The same network with the stride of each pooling moved to the convolution behind it.

    The pooling then only filters, with stride 1; the complexity hardly changes. A pooling behind
    the last stage has no convolution to hand its stride to, and stays.
    """
    stages = list(architecture.stages)
    for number, (stage, following) in enumerate(pairwise(architecture.stages)):
        if stage.pool is not None:
            behind = replace(stages[number + 1], stride=following.stride * stage.pool.stride)
            stages[number + 1] = behind
            stages[number] = replace(stages[number], pool=replace(stage.pool, stride=1))
    return replace(architecture, stages=tuple(stages))
