"""Times networks by onnxruntime on another machine, with NumPy and onnxruntime alone.

`nas-tc calibrate --script` writes this source and the networks into one file. There:

    python FILE [RESULT.json]

and here: nas-tc calibrate --board RESULT.json --out TABLE.json.
"""

import base64
import json
import os
import platform
import tempfile
import time
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

SECONDS = 0.5  # of runs of a network, but 12 to 200 runs
ERRORS_ONLY = 3


def main(networks: Mapping[str, str], setting: Mapping[str, Any], arguments: Sequence[str]) -> None:
    """Times all networks, and writes their times.

    Args:
        networks: Compressed ONNX models by the JSON of their architectures.
        setting: Batch and type of numbers.
        arguments: Of the command line: the result's file, or none.
    """
    result = Path(arguments[0] if arguments else "board.json")
    found = []
    for number, (text, packed) in enumerate(networks.items(), 1):
        model = zlib.decompress(base64.b64decode(packed))
        found.append({"architecture": json.loads(text), **timed(model, setting["batch"])})
        if number % 10 == 0 or number == len(networks):
            print(f"{number}/{len(networks)} networks", flush=True)
    machine = {
        "device": processor(),
        "cores": os.cpu_count(),
        "threads": 1,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "torch": None,
        "cuda": None,
        "cudnn": None,
        "instructions": platform.machine(),
        "governor": None,
        "turbo": None,
        "load": round(os.getloadavg()[0], 2),
    }
    values = {
        "kind": "nas-tc board times",
        "format": 1,
        "machine": machine,
        "runtime_version": onnxruntime.__version__,
        **setting,
        "networks": found,
    }
    result.write_text(json.dumps(values) + "\n", encoding="utf-8")
    print(f"{result}: take it to nas-tc calibrate --board {result.name}")


def timed(model: bytes, batch: int) -> dict[str, Any]:
    """Milliseconds of a network, and of each of its nodes, from interleaved runs.

    Args:
        model: ONNX model.
        batch: Number of images.
    """
    with tempfile.TemporaryDirectory() as folder:
        plain = session_of(model, None)
        watched = session_of(model, str(Path(folder) / "times"))
        (images,) = plain.get_inputs()
        shape = (batch, *images.shape[1:])
        feed = {images.name: np.random.default_rng(0).random(shape, dtype=np.float32)}
        wholes: list[float] = []
        started = time.monotonic()
        while len(wholes) < 12 or (len(wholes) < 200 and time.monotonic() - started < SECONDS):
            for session in (watched, plain):
                session.run(None, feed)  # its own weights come back into the cache
                before = time.thread_time_ns()
                session.run(None, feed)
            wholes.append((time.thread_time_ns() - before) / 1e6)
        events = json.loads(Path(watched.end_profiling()).read_text(encoding="utf-8"))
    return {
        "whole_ms": sorted(wholes)[len(wholes) // 4],
        "nodes": node_times(events, len(wholes)),
    }


def session_of(model: bytes, profile: str | None) -> Any:
    """A session on one thread.

    Args:
        model: ONNX model.
        profile: Beginning of the name of the file of the nodes' times; None: they are not taken.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = profile
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def node_times(events: Sequence[Mapping[str, Any]], runs: int) -> list[tuple[str, float]]:
    """Name and milliseconds of each node, in the order of a run.

    onnxruntime's clock ticks in microseconds, so the mean of the quicker half of a node's times
    says more than one of them.

    Args:
        events: The file that onnxruntime wrote.
        runs: Number of runs that count: each came after one that does not.
    """
    kernels = [
        each
        for each in events
        if each.get("cat") == "Node" and each["name"].endswith("_kernel_time")
    ]
    width, rest = divmod(len(kernels), 2 * runs)  # nodes of a run, which are always the same
    assert not rest, f"{len(kernels)} times of nodes in {2 * runs} runs"
    durations: NDArray[np.float64] = np.array([each["dur"] for each in kernels], dtype=float)
    quicker = np.sort(durations.reshape(2 * runs, width)[1::2], axis=0)[: max(1, runs // 2)]
    names = [each["name"].removesuffix("_kernel_time") for each in kernels[:width]]
    return list(zip(names, (quicker.mean(axis=0) / 1e3).tolist(), strict=True))


def processor() -> str:
    """Name of the processor, as far as the system tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    for line in text.splitlines():
        if line.lower().startswith(("model name", "hardware")):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
