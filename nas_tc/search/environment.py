"""What a study was made with: versions and the machine, for the manifest."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = ("nas-tc", "torch", "optuna", "ray", "numpy", "pandas", "scikit-learn", "pillow")


def environment() -> dict[str, Any]:
    """Versions of the packages that matter and the kind of machine; no names, no paths."""
    return {
        "python": platform.python_version(),
        "packages": {package: version(package) for package in _PACKAGES},
        "machine": {
            "system": f"{platform.system()} {platform.release()}",
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "gpus": _gpus(),
        },
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _gpus() -> list[str]:
    import torch  # noqa: PLC0415 - not needed to read a study

    return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
