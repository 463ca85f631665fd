"""Writes a network for other runtimes: a torch program, ONNX, and ONNX in 8 bits."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_tc.architecture import Architecture
from nas_tc.errors import ExportError
from nas_tc.export.formats import FILES, Format
from nas_tc.export.program import write_program
from nas_tc.module.build import Network
from nas_tc.onnx_graph import folded_parameters, onnx_model, quantized


def write_deployed(
    format: Format,
    folder: Path,
    architecture: Architecture,
    network: Network,
    metadata: Mapping[str, str],
    calibration: Iterable[NDArray[np.float32]] = (),
) -> None:
    """Writes one file into `folder`; the source is not one of these formats.

    Args:
        format: Format to write.
        folder: Folder for the file.
        architecture: Network to write.
        network: The same with its weights.
        metadata: Texts that the file carries, by their names.
        calibration: Batches of training images for 8 bits.

    Raises:
        OSError: The file cannot be written.
        ExportError: There are no images to calibrate 8 bits with.
    """
    file = folder / FILES[format]
    if format == "pt2":
        write_program(network, architecture.input, file, metadata)
        return
    normalize = network.normalize
    moments = (normalize.mean.flatten().numpy(), normalize.std.flatten().numpy())
    model = onnx_model(architecture, folded_parameters(network), moments, metadata)
    if format == "int8":
        batches = list(calibration)
        if not batches:
            raise ExportError("8 bits need images of the training to calibrate with")
        model = quantized(model, batches)
    file.write_bytes(model.SerializeToString())


def metadata_of(settings: Mapping[str, Any], notation: str, budget: str) -> dict[str, str]:
    """The texts that a file carries: what it is, and how images are prepared for it.

    Args:
        settings: From `preprocess_settings`.
        notation: Network in the paper's notation.
        budget: Budget within which it was found.
    """
    return {
        "network": notation,
        "budget": budget,
        "classes": json.dumps(settings["classes"]),
        "preprocess": json.dumps(dict(settings)),
        "input": "images: (batch, channels, height, width), float32, 0 to 1; mean and spread are "
        "part of the network",
        "output": f"scores: (batch, classes), before the {settings['probabilities']}",
    }
