"""Writes a network as an ONNX model, layer by layer of its walk.

Every node is named after its layer: "conv2.1/Conv". Shapes are known, so that what ONNX has no
operator for (adaptive windows) or defines otherwise than torch (windows that hang over the edge)
becomes operators with the same result.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import (
    Activation,
    Add,
    Architecture,
    AveragePool,
    Concat,
    Conv,
    GlobalPool,
    Join,
    Linear,
    MaxPool,
    Node,
    PyramidPool,
    ResponseNorm,
    Scale,
    nest,
    walk,
)
from nas_tc.onnx_graph.parameters import Parameters
from nas_tc.onnx_graph.pools import pooled_windows, pyramid
from nas_tc.onnx_graph.rows import Rows

if TYPE_CHECKING:
    import onnx

OPSET = 17  # of onnxruntime 1.12 (2022) and later
_IR_VERSION = 8  # of the same age
INPUT, OUTPUT = "images", "scores"
_LRN_ALPHA, _LRN_BETA, _LRN_BIAS = 1e-4, 0.75, 2.0  # Krizhevsky's, a channel


def onnx_model(
    architecture: Architecture,
    parameters: Iterable[Parameters],
    moments: tuple[NDArray[np.float32], NDArray[np.float32]],
    metadata: Mapping[str, str] | None = None,
) -> "onnx.ModelProto":
    """The network as an ONNX model for inference.

    Input "images": (batch, channels, height, width), float, 0 to 1; the batch is free. Output
    "scores": (batch, classes), before the softmax.

    Args:
        architecture: Network to write.
        parameters: From `folded_parameters`.
        moments: Mean and standard deviation that normalise the images, (channels,) each.
        metadata: Texts that the file carries, by their names.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    from onnx import TensorProto, helper  # noqa: PLC0415

    rows = Rows()
    weights = iter(parameters)
    mean, std = (rows.constant(name, values.reshape(1, -1, 1, 1)) for name, values in zip(
        ("mean", "std"), moments, strict=True))  # fmt: skip
    value = rows.add("Sub", [INPUT, mean], "normalize")
    value = rows.add("Div", [value, std], "normalize")
    value = _row(rows, nest(walk(architecture)), value, weights)
    rows.rename_last(value, OUTPUT)
    graph = helper.make_graph(
        rows.nodes,
        "network",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", *architecture.input])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", architecture.classes])],
        rows.constants,
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="nas-tc",
    )
    helper.set_model_props(model, dict(metadata or {}))
    return model


def _row(rows: Rows, nodes: Iterable[Node], value: str, weights: Iterator[Parameters]) -> str:
    """Adds layers one after another behind `value`; returns the name of the last output."""
    for node in nodes:
        if isinstance(node, Join):
            value = _join(rows, node, value, weights)
        else:
            value = _layer(rows, node, value, weights)
    return value


def _join(rows: Rows, join: Join, value: str, weights: Iterator[Parameters]) -> str:
    """Adds branches, and the layer where they meet."""
    ends = [_row(rows, branch, value, weights) for branch in join.branches]
    layer = join.layer
    match layer:
        case Add(activation=activation):
            return _activated(rows, rows.add("Add", ends, layer.name), activation, layer.name)
        case Concat():
            return rows.add("Concat", ends, layer.name, axis=1)
        case Scale():
            return rows.add("Mul", ends, layer.name)


def _layer(rows: Rows, layer: Node, value: str, weights: Iterator[Parameters]) -> str:
    """Adds one layer that has one input."""
    match layer:
        case Conv():
            inputs = [value, *_named(rows, layer.name, next(weights))]
            value = rows.add(
                "Conv",
                inputs,
                layer.name,
                kernel_shape=[layer.filter] * 2,
                strides=[layer.stride] * 2,
                pads=[layer.padding] * 4,
                dilations=[layer.dilation if layer.filter > 1 else 1] * 2,
                group=layer.groups,
            )
            return _activated(rows, value, layer.activation, layer.name)
        case Linear():
            inputs = [value, *_named(rows, layer.name, next(weights))]
            value = rows.add("Gemm", inputs, layer.name, transB=1)
            return _activated(rows, value, layer.activation if layer.hidden else None, layer.name)
        case MaxPool() | AveragePool():
            return pooled_windows(rows, layer, value)
        case PyramidPool():
            return pyramid(rows, layer, value)
        case GlobalPool():
            return rows.add("GlobalAveragePool", [value], layer.name)
        case ResponseNorm():
            options = {"alpha": layer.size * _LRN_ALPHA, "beta": _LRN_BETA, "bias": _LRN_BIAS}
            return rows.add("LRN", [value], layer.name, size=layer.size, **options)
    raise AssertionError(f"{layer} has several inputs: its Join is written as a whole")


def _named(rows: Rows, layer: str, parameters: Parameters) -> tuple[str, str]:
    weight, bias = parameters
    return rows.constant(f"{layer}.weight", weight), rows.constant(f"{layer}.bias", bias)


def _activated(rows: Rows, value: str, activation: Activation | None, layer: str) -> str:
    match activation:
        case None:
            return value
        case "relu6":
            low, high = (np.array(bound, dtype=np.float32) for bound in (0, 6))
            bounds = [rows.constant("zero", low), rows.constant("six", high)]
            return rows.add("Clip", [value, *bounds], layer)
        case "silu":
            return rows.add("Mul", [value, rows.add("Sigmoid", [value], layer)], layer)
    kinds = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}
    return rows.add(kinds[activation], [value], layer)
