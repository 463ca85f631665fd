"""Describes the machine that times are measured on, and tells whether two can be compared."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from nas_tc._machine import processor_name
from nas_tc.timing.gpu_record import gpu_record

_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
_NO_TURBO = Path("/sys/devices/system/cpu/intel_pstate/no_turbo")
_SAME = ("device", "threads", "torch", "cuda", "instructions")  # equal, or times do not compare
_TF32 = "convolutions"  # torch's default
_SAME_IF_KNOWN = ("tf32",)  # machines of version 0.1 do not say


def timing_machine(device: torch.device) -> dict[str, Any]:
    """Device, libraries, clock policy and load of the machine, as a dictionary.

    A GPU adds what `gpu_record` says. A clock policy that the system does not show, as in most
    virtual machines, is None. The load is the mean number of processes that ran or waited in the
    last minute.

    Args:
        device: Device that is timed: the processor or a GPU.
    """
    on_gpu = device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(device) if on_gpu else processor_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda if on_gpu else None,
        "cudnn": torch.backends.cudnn.version() if on_gpu else None,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "governor": _read(_GOVERNOR),
        "turbo": {"0": "on", "1": "off"}.get(_read(_NO_TURBO) or ""),
        "load": round(os.getloadavg()[0], 2),
        **(gpu_record(device) if on_gpu else {}),
    }


def difference(there: Mapping[str, Any], here: Mapping[str, Any]) -> str | None:
    """The first difference of two machines because of which their times cannot be compared.

    Args:
        there: Machine of stored times, from `timing_machine`.
        here: Other machine, mostly this one.

    Returns:
        The difference in words, as in "torch '2.13.0', here '2.12.1'"; None if nothing does.
    """
    for name in _SAME:
        if there.get(name) != here.get(name):
            return f"{name} {there.get(name)!r}, here {here.get(name)!r}"
    for name in _SAME_IF_KNOWN:
        known = name in there and name in here
        if known and there[name] != here[name]:
            return f"{name} {there[name]!r}, here {here[name]!r}"
    return None


def is_of_gpu(machine: Mapping[str, Any]) -> bool:
    """Whether a machine of `timing_machine` is a GPU."""
    return machine.get("cuda") is not None


def device_slug(machine: Mapping[str, Any]) -> str:
    """Part of a file name for a machine: its device, version of torch and number of threads.

    A GPU whose convolutions are not in TF32, torch's default, has files of its own.
    """
    name = "-".join(str(machine[each]) for each in ("device", "torch", "threads"))
    if (tf32 := machine.get("tf32", _TF32)) != _TF32:
        name += f"-tf32 {tf32}"
    return "-".join("".join(c if c.isalnum() or c in ".+" else " " for c in name).split())


def _read(path: Path) -> str | None:
    """Text of a system file; None if there is none."""
    try:
        return path.read_text().strip()
    except OSError:
        return None
