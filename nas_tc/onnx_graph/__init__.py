"""What is it in ONNX? The shape walk as an ONNX model, in 8 bits too, and sessions that run it."""

from nas_tc.onnx_graph.model import INPUT, OPSET, OUTPUT, onnx_model
from nas_tc.onnx_graph.parameters import folded_parameters
from nas_tc.onnx_graph.quantize import quantized
from nas_tc.onnx_graph.session import check_onnxruntime, new_session, ort_version

__all__ = [
    "INPUT",
    "OPSET",
    "OUTPUT",
    "check_onnxruntime",
    "folded_parameters",
    "new_session",
    "onnx_model",
    "ort_version",
    "quantized",
]
