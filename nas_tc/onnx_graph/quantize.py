"""Post-training static quantisation of an ONNX model to 8 bits, by onnxruntime."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nas_tc.onnx_graph.model import INPUT
from nas_tc.onnx_graph.session import check_onnxruntime

if TYPE_CHECKING:
    import onnx


class _Reader:
    """Batches of calibration images, as onnxruntime asks for them."""

    def __init__(self, batches: Iterable[NDArray[np.float32]]) -> None:
        self._batches: Iterator[NDArray[np.float32]] = iter(batches)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next batch by the name of the input; None after the last."""
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}

    def __iter__(self) -> "_Reader":
        return self

    def __next__(self) -> dict[str, NDArray[np.float32]]:
        batch = self.get_next()
        if batch is None:
            raise StopIteration
        return batch


def quantized(
    model: "onnx.ModelProto", batches: Iterable[NDArray[np.float32]], **options: Any
) -> "onnx.ModelProto":
    """The model with convolutions and fully connected layers in 8 bits.

    Maps have a scale and a zero each, from the extremes on the calibration images; weights have a
    scale a filter. Weights use 7 of their 8 bits: on processors without VNNI onnxruntime adds
    pairs of products in 16 bits, which 8-bit weights overflow.

    Args:
        model: Model from `onnx_model`.
        batches: Calibration images, (n, channels, height, width), float, 0 to 1.
        **options: Replace arguments of onnxruntime's `quantize_static`.

    Raises:
        DeviceError: onnxruntime is not installed.
    """
    check_onnxruntime()
    import onnx  # noqa: PLC0415
    from onnxruntime import quantization as ort  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        target = Path(folder) / "int8.onnx"
        settings: dict[str, Any] = {
            "quant_format": ort.QuantFormat.QDQ,
            "activation_type": ort.QuantType.QUInt8,
            "weight_type": ort.QuantType.QInt8,
            "per_channel": True,
            "reduce_range": True,
        }
        copied = onnx.ModelProto()
        copied.CopyFrom(model)  # onnxruntime moves its weights to a file
        logging.getLogger().addFilter(_quiet)
        try:
            ort.quantize_static(copied, str(target), _Reader(batches), **{**settings, **options})
        finally:
            logging.getLogger().removeFilter(_quiet)
        found = onnx.load(str(target))
    del found.metadata_props[:]  # onnxruntime adds its own
    found.metadata_props.extend(model.metadata_props)
    return found


def _quiet(record: logging.LogRecord) -> bool:
    """Drops onnxruntime's advice to optimise the model first: ours has nothing left to fold."""
    return "pre-processing" not in record.getMessage()
