"""What kind of machine this is; no names, no paths."""

import platform
from pathlib import Path


def processor_name() -> str:
    """The processor's model, as its maker calls it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
