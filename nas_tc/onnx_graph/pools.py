"""Poolings in ONNX whose windows are those of torch, also at the edges."""

from itertools import pairwise
from math import ceil

import numpy as np

from nas_tc.architecture import AveragePool, MaxPool, PyramidPool
from nas_tc.onnx_graph.rows import Rows

_OPERATORS = {True: ("AveragePool", "ReduceMean"), False: ("MaxPool", "ReduceMax")}


def pooled_windows(rows: Rows, layer: MaxPool | AveragePool, value: str) -> str:
    """Adds a pooling with windows of one size; returns the name of its output.

    A window may hang over the far edge. What it has there counts neither as a maximum nor in an
    average, as in torch; padded pixels count as zeros in an average. ONNX's own rounding up
    (`ceil_mode`) differs among versions and runtimes, so the hanging part is written as padding.

    Args:
        rows: Graph to add to.
        layer: Pooling to write.
        value: Name of its input.
    """
    average = isinstance(layer, AveragePool)
    kind, padding = _OPERATORS[average][0], layer.padding
    over = [
        max(0, (out - 1) * layer.stride + layer.size - side - 2 * padding)
        for side, out in zip(layer.input[1:], layer.output[1:], strict=True)
    ]
    options = {"kernel_shape": [layer.size] * 2, "strides": [layer.stride] * 2}
    if average and padding and any(over):
        pads = np.array([0, 0, padding, padding] * 2, dtype=np.int64)
        value = rows.add("Pad", [value, rows.constant(f"{layer.name}.pads", pads)], layer.name)
        padding = 0
    far = [padding + beyond for beyond in over]
    if average:
        options["count_include_pad"] = int(not any(over))  # type: ignore[assignment]
    return rows.add(kind, [value], layer.name, pads=[padding, padding, *far], **options)


def pyramid(rows: Rows, layer: PyramidPool, value: str) -> str:
    """Adds the head's pooling, flattened; returns the name of its output.

    Args:
        rows: Graph to add to.
        layer: Pooling to write.
        value: Name of its input.
    """
    levels = []
    for bins in layer.bins:
        level = _adaptive(rows, layer, value, bins)
        levels.append(rows.add("Flatten", [level], layer.name, axis=1))
    return levels[0] if len(levels) == 1 else rows.add("Concat", levels, layer.name, axis=1)


def _adaptive(rows: Rows, layer: PyramidPool, value: str, bins: int) -> str:
    """Adds a pooling to bins x bins values; of torch's windows each covers its share, rounded."""
    pool, reduction = _OPERATORS[layer.average]
    if bins == 1:
        return rows.add(f"Global{pool}", [value], layer.name)
    windows = [_windows(side, bins) for side in layer.input[1:]]
    strides = [{after[0] - before[0] for before, after in pairwise(each)} for each in windows]
    sizes = [{end - start for start, end in each} for each in windows]
    if all(len(each) == 1 for each in (*strides, *sizes)) and all(map(min, strides)):
        options = {"kernel_shape": [min(each) for each in sizes]}
        return rows.add(pool, [value], layer.name, strides=[min(s) for s in strides], **options)
    for axis, spans in zip((2, 3), windows, strict=True):  # a window is the same across and down
        parts = []
        for start, end in spans:
            bounds = [
                rows.constant(f"int.{number}", np.array([number], dtype=np.int64))
                for number in (start, end, axis)
            ]
            part = rows.add("Slice", [value, *bounds], layer.name)
            parts.append(rows.add(reduction, [part], layer.name, axes=[axis], keepdims=1))
        value = rows.add("Concat", parts, layer.name, axis=axis)
    return value


def _windows(side: int, bins: int) -> list[tuple[int, int]]:
    """Start and end of each window along a side, as torch's adaptive poolings have them."""
    return [(at * side // bins, ceil((at + 1) * side / bins)) for at in range(bins)]
