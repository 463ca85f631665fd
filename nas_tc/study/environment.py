"""The environment of a run, for the manifest: versions and the machine."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from nas_tc._machine import processor_name

_PACKAGES = ("nas-tc", "torch", "optuna", "ray", "numpy", "pandas", "scikit-learn", "pillow")


def run_record(command: str, gpus: Sequence[str] = ()) -> dict[str, Any]:
    """The record of a run that begins now: time, command and environment.

    Args:
        command: Command line, or call.
        gpus: Names of the GPUs, as torch lists them.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return {"started": started, "command": command, **environment(gpus)}


def environment(gpus: Sequence[str] = ()) -> dict[str, Any]:
    """Versions of the packages that matter and the kind of machine; no names, no paths.

    Args:
        gpus: Names of the GPUs, as torch lists them.
    """
    return {
        "python": platform.python_version(),
        "packages": {package: installed_version(package) for package in _PACKAGES},
        "machine": {
            "system": f"{platform.system()} {platform.release()}",
            "processor": processor_name(),
            "cores": os.cpu_count(),
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "gpus": list(gpus),
        },
    }


def installed_version(package: str) -> str:
    """The version of a package, or words where nothing is installed under its name.

    Args:
        package: Name of the package.
    """
    try:
        return version(package)
    except PackageNotFoundError:  # nas-tc is run from its source
        return "not installed"
