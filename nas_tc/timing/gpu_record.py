"""What the times of a GPU depend on besides its name: TF32, driver, clocks, power limit, host."""

import os
import subprocess
from functools import cache
from typing import Any

import torch

from nas_tc._machine import processor_name

_SMI = "nvidia-smi"
_SMI_S = 20.0  # seconds: without persistence mode the driver is loaded first
_FIELDS = {  # of nvidia-smi, and what the record calls them
    "driver_version": "driver",
    "clocks.sm": "sm_mhz",
    "clocks.max.sm": "max_sm_mhz",
    "clocks.mem": "memory_mhz",
    "power.limit": "power_limit_w",
    "mig.mode.current": "mig",
}
_TF32_SINCE = 8  # major compute capability


def gpu_record(device: torch.device) -> dict[str, Any]:
    """Settings of a GPU and its host that change its times; None for what cannot be read.

    Args:
        device: The GPU.

    Returns:
        uuid; processor of the host; tf32: which float32 operations are computed in TF32; driver;
        clocks in MHz, as the first reading of this process found them, and their maximum; the
        limit of the power in watts; whether the GPU is divided (MIG).
    """
    return {
        "uuid": gpu_uuid(device),
        "processor": processor_name(),
        "tf32": _tf32(device),
        **_by_nvidia_smi(gpu_uuid(device)),
    }


def gpu_uuid(device: torch.device) -> str:
    """The number of a GPU, or of an instance of a divided one, that no other has."""
    return str(torch.cuda.get_device_properties(device).uuid)


def _tf32(device: torch.device) -> str:
    """Float32 operations that are computed in TF32: torch's default is the convolutions."""
    major = torch.cuda.get_device_properties(device).major
    if major < _TF32_SINCE or os.environ.get("NVIDIA_TF32_OVERRIDE") == "0":
        return "none"
    used = {
        "convolutions": torch.backends.cudnn.allow_tf32,
        "products": torch.backends.cuda.matmul.allow_tf32,
    }
    return " and ".join(name for name, allowed in used.items() if allowed) or "none"


@cache
def _by_nvidia_smi(uuid: str) -> dict[str, Any]:
    """What the driver's program says of a GPU; all None if it is missing or knows no such GPU."""
    rows = [
        [each.strip() for each in line.split(",")]
        for line in _output(
            f"--query-gpu=uuid,{','.join(_FIELDS)}", "--format=csv,noheader,nounits"
        )
    ]
    known = {_plain(row[0]): row[1:] for row in rows if len(row) == 1 + len(_FIELDS)}
    values = known.get(_plain(uuid)) or known.get(_plain(_parents().get(_plain(uuid), "")))
    if values is None:  # a GPU that goes by another number is clear if it is the only one
        values = next(iter(known.values())) if len(known) == 1 else [""] * len(_FIELDS)
    return {
        name: _value(text, is_number=name.endswith(("_mhz", "_w")))
        for name, text in zip(_FIELDS.values(), values, strict=True)
    }


def _parents() -> dict[str, str]:
    """The GPU of each instance of a divided one, by the instance's number."""
    found, gpu = {}, ""
    for line in _output("-L"):  # "GPU 0: NVIDIA H100 (UUID: ...)", "  MIG 1g.10gb ... (UUID: ...)"
        uuid = line.partition("UUID: ")[2].rstrip(")")
        if line.lstrip().startswith("MIG"):
            found[_plain(uuid)] = gpu
        else:
            gpu = uuid
    return found


def _output(*arguments: str) -> list[str]:
    try:
        done = subprocess.run(
            [_SMI, *arguments], capture_output=True, text=True, timeout=_SMI_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.splitlines()


def _plain(uuid: str) -> str:
    return uuid.strip().lower().removeprefix("gpu-").removeprefix("mig-")


def _value(text: str, *, is_number: bool) -> float | str | None:
    """A number or a word; None for what the GPU does not say: "[N/A]", "[Not Supported]"."""
    if not text or text.startswith("["):
        return None
    try:
        return float(text) if is_number else text
    except ValueError:
        return None
