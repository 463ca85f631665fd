"""How much memory is free, in a container too."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_PROC, _CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")


class _Names(NamedTuple):
    """What a version of control groups calls its figures."""

    most: str  # file of the limit; without one, version 1 has a number beyond any memory there
    used: str  # file of what is used, with that of the groups within
    files: str  # line of memory.stat: files that were read, with those of the groups within


_VERSION_1 = _Names("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_VERSION_2 = _Names("memory.max", "memory.current", "inactive_file")


def free_memory_bytes() -> int | None:
    """Memory that can be had without swapping; None where the system does not say.

    The least of what the machine has and what each control group around this process leaves it,
    of version 2 or 1. Files that a group has read count as free, since they are dropped when it is
    full.
    """
    try:
        meminfo = (_PROC / "meminfo").read_text()
    except OSError:
        return None
    if "MemAvailable:" not in meminfo:
        return None
    return min([1024 * _field(meminfo, "MemAvailable:"), *_left_by_groups()])


def _left_by_groups() -> Iterator[int]:
    """What the process's control groups and those around them leave, where they have a limit."""
    try:
        groups = (_PROC / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return
    # A line a hierarchy: its number, its controllers and the group; version 2 names none of them.
    # A container often sees its group as the root, and knows nothing of the path it has outside.
    paths = {controllers: path for _, controllers, path in (line.split(":", 2) for line in groups)}
    yield from _left(_CGROUPS, paths.get("", "/"), _VERSION_2)
    for controllers, path in paths.items():
        if "memory" in controllers.split(","):
            yield from _left(_CGROUPS / "memory", path, _VERSION_1)


def _left(root: Path, path: str, names: _Names) -> Iterator[int]:
    """What a group and those around it leave, up to the root of their hierarchy."""
    inner = root / path.lstrip("/")
    for folder in (inner, *inner.parents):
        try:
            most = int((folder / names.most).read_text())
            used = int((folder / names.used).read_text())
            files = _field((folder / "memory.stat").read_text(), names.files)
        except (OSError, ValueError):  # no such group, or "max": no limit
            continue
        yield max(0, most - used + files)


def _field(text: str, name: str) -> int:
    """The number behind a name, in text of a name and a number a line; 0 if it is not there."""
    fields = (line.split() for line in text.splitlines())
    return next((int(each[1]) for each in fields if each[:1] == [name]), 0)
