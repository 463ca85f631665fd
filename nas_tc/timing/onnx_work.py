"""Forward passes of a network by onnxruntime's CPU provider, ready to be timed."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import Architecture
from nas_tc.onnx_graph import INPUT, OUTPUT, folded_parameters, new_session, onnx_model, quantized
from nas_tc.timing.clock import Run
from nas_tc.timing.dummy_network import dummy_network

if TYPE_CHECKING:
    import onnx


def onnx_pass(architecture: Architecture, *, batch: int = 1, dtype: str = "fp32") -> Run:
    """A function that runs one forward pass by onnxruntime, on one thread.

    Args:
        architecture: Network to run, with fresh weights: their values do not change the time.
        batch: Number of images.
        dtype: "fp32" or "int8".

    Raises:
        ArchitectureError: A map shrinks to nothing.
        DeviceError: onnxruntime is not installed.
    """
    session, images = onnx_session(architecture, batch=batch, dtype=dtype)
    feed = {INPUT: images}

    def run() -> None:
        session.run([OUTPUT], feed)

    return run


def onnx_session(
    architecture: Architecture, *, batch: int, dtype: str
) -> tuple[Any, NDArray[np.float32]]:
    """A session of a network with fresh weights, and images for it.

    Args:
        architecture: Network to run.
        batch: Number of images.
        dtype: "fp32" or "int8".
    """
    model, images = fresh_model(architecture, batch=batch, dtype=dtype)
    return new_session(model), images


def fresh_model(
    architecture: Architecture, *, batch: int, dtype: str
) -> tuple["onnx.ModelProto", NDArray[np.float32]]:
    """The ONNX model of a network with fresh weights, and images for it.

    Args:
        architecture: Network to run.
        batch: Number of images.
        dtype: "fp32" or "int8".
    """
    images = np.random.default_rng(0).random((batch, *architecture.input), dtype=np.float32)
    if dtype == "int8":
        return _quantized_model(architecture), images
    return _float_model(architecture), images


def _float_model(architecture: Architecture) -> "onnx.ModelProto":
    channels = architecture.input[0]
    moments = (np.full(channels, 0.5, np.float32), np.full(channels, 0.25, np.float32))
    network = dummy_network(architecture).eval()
    return onnx_model(architecture, folded_parameters(network), moments)


@lru_cache(maxsize=4)  # a byte a weight each; quantisation takes longer than the timing
def _quantized_model(architecture: Architecture) -> "onnx.ModelProto":
    image = np.random.default_rng(0).random((1, *architecture.input), dtype=np.float32)
    return quantized(_float_model(architecture), [image])
