"""Reads an exported or fully trained network back."""

import json
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from nas_tc.architecture import Architecture
from nas_tc.errors import ExportError, NasTcError, reason
from nas_tc.export.formats import FILES
from nas_tc.export.verify import from_source
from nas_tc.module import build


def load(folder: str | Path) -> nn.Module:
    """The network that `nas-tc export` or `nas-tc train` wrote, ready for inference.

    It is built from its description, and its weights are read from a safetensors file: nothing is
    unpickled. Input: images (n, channels, height, width), float, 0 to 1. Output: scores.

    Args:
        folder: Folder with weights.safetensors and network.json (of an export) or result.json (of
            a training). Exports of version 0.1.0 have network.py alone, which is run.

    Raises:
        ExportError: The folder has no network, or its weights are of another one.
    """
    place = Path(folder)
    try:
        architecture = _architecture(place)
        if architecture is None:
            return from_source(place)
        network = build(architecture)
        network.load_state_dict(load_file(place / FILES["source"]))
    except FileNotFoundError:
        raise ExportError(
            f"{place}: no exported network; name a folder that nas-tc export or nas-tc train wrote"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        if isinstance(error, NasTcError):
            raise
        raise ExportError(f"{place}: cannot be loaded: {reason(error)}") from None
    return network.eval()


def _architecture(folder: Path) -> Architecture | None:
    """The description of a network; None if there is its source alone."""
    own, trained = folder / "network.json", folder / "result.json"
    if own.exists():
        return Architecture.from_dict(json.loads(own.read_text(encoding="utf-8")))
    if trained.exists():
        result = json.loads(trained.read_text(encoding="utf-8"))
        return Architecture.from_dict(result["architecture"])
    return None
