"""What is a network? Frozen values, the paper's notation, the shape walk."""

from nas_tc.architecture.architecture import Architecture, Norm, Shape
from nas_tc.architecture.head import GAP, HEADS, SPP, Head, head_named
from nas_tc.architecture.notation import format_notation, parse_notation
from nas_tc.architecture.stage import Pool, Stage
from nas_tc.architecture.walk import (
    Conv,
    Layer,
    Linear,
    MaxPool,
    PyramidPool,
    pooled,
    stage_layers,
    stage_maps,
    walk,
    walk_convs,
)

__all__ = [
    "GAP",
    "HEADS",
    "SPP",
    "Architecture",
    "Conv",
    "Head",
    "Layer",
    "Linear",
    "MaxPool",
    "Norm",
    "Pool",
    "PyramidPool",
    "Shape",
    "Stage",
    "format_notation",
    "head_named",
    "parse_notation",
    "pooled",
    "stage_layers",
    "stage_maps",
    "walk",
    "walk_convs",
]
