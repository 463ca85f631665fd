"""How much memory is free, in a container too."""

from collections.abc import Iterator
from pathlib import Path

_PROC, _CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")


def free_memory_bytes() -> int | None:
    """Memory that can be had without swapping; None where the system does not say.

    The least of what the machine has and what each control group (version 2) around this process
    leaves it. Files that a group has read count as free, since they are dropped when it is full.
    """
    try:
        meminfo = (_PROC / "meminfo").read_text()
    except OSError:
        return None
    if "MemAvailable:" not in meminfo:
        return None
    return min([1024 * _field(meminfo, "MemAvailable:"), *_left_by_groups()])


def _left_by_groups() -> Iterator[int]:
    """What the process's control group and those around it leave, where they have a limit."""
    try:
        groups = (_PROC / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return
    path = next((line[3:] for line in groups if line.startswith("0::")), "/")
    inner = _CGROUPS / path.lstrip("/")
    for folder in (inner, *inner.parents):
        try:
            most = int((folder / "memory.max").read_text())
            used = int((folder / "memory.current").read_text())
            files = _field((folder / "memory.stat").read_text(), "inactive_file")
        except (OSError, ValueError):  # no such group, or "max": no limit
            continue
        yield max(0, most - used + files)


def _field(text: str, name: str) -> int:
    """The number behind a name, in text of a name and a number a line; 0 if it is not there."""
    fields = (line.split() for line in text.splitlines())
    return next((int(each[1]) for each in fields if each[:1] == [name]), 0)
