"""Tables of layer times of boards: a script that measures there, and its result as a table here."""

import base64
import inspect
import json
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from nas_tc.architecture import Architecture
from nas_tc.errors import NasTcError, TableError, reason
from nas_tc.latency.layer_profile import LayerProfile
from nas_tc.latency.layer_signature import nodes_of, signatures_of
from nas_tc.latency.onnx_profiler import layers_ms
from nas_tc.latency.time_table import TimeTable
from nas_tc.onnx_graph import folded_parameters, onnx_model, quantized
from nas_tc.timing.dummy_network import dummy_network
from nas_tc.timing.setting import Setting

_KIND = "nas-tc board times"


def board_script(networks: Iterable[Architecture], setting: Setting) -> str:
    """Source of a Python file that times networks, and needs NumPy and onnxruntime alone.

    All weights of a layer are one number, which changes no time, so that the file stays small.

    Args:
        networks: Networks to time.
        setting: Batch and type of numbers.

    Raises:
        DeviceError: onnxruntime is not installed here.
    """
    from nas_tc.latency import on_board  # noqa: PLC0415 - it loads onnxruntime

    rows = [f"    {each.to_json()!r}: {_packed(each, setting)!r}," for each in networks]
    asked = {"batch": setting.batch, "dtype": setting.dtype}
    lines = [
        inspect.getsource(on_board).rstrip(),
        "",
        "",
        f"SETTING = {asked!r}",
        "NETWORKS = {",
        *rows,
        "}",
        'if __name__ == "__main__":',
        "    import sys",
        "",
        "    main(NETWORKS, SETTING, sys.argv[1:])",
        "",
    ]
    return "\n".join(lines)


def _packed(architecture: Architecture, setting: Setting) -> str:
    """The compressed ONNX model of a network, as text."""
    channels = architecture.input[0]
    alike = (
        (np.full_like(weight, 1 / weight[0].size), np.zeros_like(bias))
        for weight, bias in folded_parameters(dummy_network(architecture))
    )
    moments = (np.zeros(channels, np.float32), np.ones(channels, np.float32))
    model = onnx_model(architecture, alike, moments)
    if setting.dtype == "int8":
        images = np.random.default_rng(0).random((1, *architecture.input), dtype=np.float32)
        model = quantized(model, [images])
    return base64.b64encode(zlib.compress(model.SerializeToString(), 9)).decode()


def table_of_board(path: Path) -> tuple[TimeTable, Setting]:
    """The table of a board, from what the script wrote there, and the setting of its times.

    Args:
        path: Result of the script.

    Raises:
        TableError: The file cannot be read, or is no such result.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TableError(
            f"--board {path}: cannot be read: {reason(error)}; give the file that the script of "
            "nas-tc calibrate --script wrote"
        ) from None
    except ValueError:
        values = None  # no JSON
    if not isinstance(values, dict) or values.get("kind") != _KIND:
        raise TableError(
            f"--board {path}: no times of a board; give the file that the script of nas-tc "
            "calibrate --script wrote"
        )
    try:
        table = TimeTable(dict(values["machine"]))
        setting = Setting(
            batch=int(values["batch"]), dtype=str(values["dtype"]), runtime="onnxruntime"
        )
        times = table.of(setting)
        times.runtime_version = str(values["runtime_version"])
        for each in values["networks"]:
            network = Architecture.from_dict(each["architecture"])
            pairs = [(str(name), float(ms)) for name, ms in each["nodes"]]
            whole_ms = float(each["whole_ms"])
            times_ms = layers_ms(pairs, nodes_of(network), whole_ms)
            layers = zip(signatures_of(network), times_ms, strict=True)
            profile = LayerProfile(whole_ms, tuple(layers))
            if (predicted := times.predict(network)) is not None:
                times.add_check(predicted.ms, profile.whole_ms)
            times.add(network, profile)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, NasTcError):
            raise TableError(f"--board {path}: {error}") from None
        raise TableError(
            f"--board {path}: damaged ({reason(error)}); run the script again"
        ) from None
    return table, setting
