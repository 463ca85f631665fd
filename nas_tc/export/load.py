"""Reads an exported or fully trained network back."""

import json
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from nas_tc.architecture import Architecture
from nas_tc.errors import ExportError, reason
from nas_tc.export.formats import FILES
from nas_tc.export.place import VERIFICATION, is_as_exported
from nas_tc.export.verify import from_source
from nas_tc.module import build

_ANEW = "write the folder anew with nas-tc export or nas-tc train"


def load(folder: str | Path) -> nn.Module:
    """The network that `nas-tc export` or `nas-tc train` wrote, ready for inference.

    It is built from its description, and its weights are read from a safetensors file: nothing is
    unpickled. Input: images (n, channels, height, width), float, 0 to 1. Output: scores.

    Args:
        folder: Folder with weights.safetensors and network.json (of an export) or result.json (of
            a training). Exports of version 0.1.0 have network.py alone, which is run.

    Raises:
        ExportError: The folder has no network, its weights are of another one, or they have changed
            since the export.
    """
    place = Path(folder)
    weights = place / FILES["source"]
    try:
        architecture = _architecture(place)
        if architecture is None:
            return from_source(place)
        state = load_file(weights)
    except FileNotFoundError:
        if place.is_dir() and _description(place) is not None:
            raise ExportError(f"{place} has no {weights.name} any more; {_ANEW}") from None
        raise ExportError(
            f"{place}: no exported network; name a folder that nas-tc export or nas-tc train wrote"
        ) from None
    except (SafetensorError, RuntimeError) as error:
        raise _no_weights(weights, reason(error)) from None
    except OSError as error:
        raise ExportError(f"{place}: cannot be loaded: {reason(error)}; {_ANEW}") from None
    network = build(architecture)
    try:
        network.load_state_dict(state)
    except RuntimeError:  # torch lists all names, a line each
        raise _no_weights(weights, "they are of another one") from None
    if not is_as_exported(place, weights.name):  # values that are damaged still load
        raise ExportError(
            f"{weights}: not as it was exported (another SHA-256 than in {VERIFICATION}); copy the "
            f"folder again, or, if you have put other weights there, delete {VERIFICATION}"
        )
    return network.eval()


def _no_weights(file: Path, why: str) -> ExportError:
    return ExportError(f"{file}: not the weights of this network ({why}); {_ANEW}")


def _description(folder: Path) -> Path | None:
    """The file that describes the network of a folder; None if there is its source alone."""
    for name in ("network.json", "result.json"):
        if (folder / name).exists():
            return folder / name
    return None


def _architecture(folder: Path) -> Architecture | None:
    """The description of a network; None if there is its source alone."""
    file = _description(folder)
    if file is None:
        return None
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        return Architecture.from_dict(
            values if file.name == "network.json" else values["architecture"]
        )
    except (ValueError, KeyError, TypeError) as error:  # of nas-tc, too
        raise ExportError(f"{file}: describes no network ({reason(error)}); {_ANEW}") from None
