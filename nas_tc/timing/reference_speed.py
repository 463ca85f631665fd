"""The reference speed: times of three fixed baseline networks on the quiet machine, in a file.

Other times are corrected to this speed, because a shared processor is not always equally fast. The
file has the times of the quietest moment so far. The first measurement may have been made in a busy
moment, so each process measures briefly. If the machine is quicker than in the file, it measures at
length and keeps the lower times. Each runtime has a file, since it is compared with baseline
networks of its own.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from math import isfinite
from pathlib import Path
from statistics import median
from typing import Any

import torch

from nas_tc._files import whole_file
from nas_tc._heap import give_back_memory
from nas_tc.errors import TableError
from nas_tc.onnx_graph import ort_version
from nas_tc.timing.baseline_speed import (
    BASELINES,
    ReferenceSpeed,
    baseline_samples,
    build_baseline,
)
from nas_tc.timing.clock import LOW_QUARTILE, clock_of
from nas_tc.timing.estimate import quantile_of
from nas_tc.timing.machine import device_slug, difference, timing_machine
from nas_tc.timing.setting import Runtime

_REBUILDS = 20  # builds of each baseline network, to measure the reference speed
_REBUILD_S = 0.1  # seconds with each build
_QUICK_REBUILDS = 3  # builds, to see whether the machine is quicker than in the file
_QUICK_REBUILD_S = 0.05  # seconds with each of them
_BRIEF_REBUILDS = 5  # builds for a search, which begins with little else to do
_BRIEF_REBUILD_S = 0.04  # seconds with each of them
_NEW_S = 600.0  # age of a file that another worker of the search has just made or checked
_QUICKER = 0.93  # of the kept time: no build is so much quicker by its place in memory alone
_FORMAT = 2  # version of the file
_KIND = "nas-tc pace"  # files of version 0.1 use these names, and stay readable
_NETWORKS_KEY, _QUIET_MS_KEY = "pacemakers", "calm_ms"
_BRIEF_KEY = "brief"
_ORT_KEY = "onnxruntime"  # of a machine: the version that runs the networks; torch has none

BaselineMs = tuple[float, ...]  # milliseconds of each of `BASELINES`


def find_reference_speed(
    device: torch.device, folder: Path | None, runtime: Runtime = "torch", *, brief: bool = False
) -> ReferenceSpeed | None:
    """The reference speed of a processor in a runtime; call it within `one_thread`.

    It is read from the folder, or else measured in six seconds and kept there. If runs of half a
    second show that the machine is quicker than in the file, it is measured again, and the lower
    times are kept.

    Args:
        device: Device; a GPU has no reference speed.
        folder: Folder of the cache; None if the cache is off.
        runtime: Program that runs the networks to be timed.
        brief: Whether a second is enough for the first measurement, and none is made where the file
            is of a moment ago. The file says so, and the next that is not brief takes its six.

    Returns:
        The reference speed; None for a GPU, without a folder, or if the folder has no file yet and
        cannot be written.

    Raises:
        TableError: The file is damaged, or from another machine.
    """
    if device.type != "cpu" or folder is None:
        return None
    clock, machine = clock_of(device), _machine_of(device, runtime)
    now = ReferenceSpeed((1.0,) * len(BASELINES), clock, partial(build_baseline, runtime=runtime))
    path = reference_speed_file(folder, machine)
    quiet_ms = _read(path, machine)
    size = (_BRIEF_REBUILDS, _BRIEF_REBUILD_S) if brief else (_REBUILDS, _REBUILD_S)
    if quiet_ms is None:
        if not _can_be_written(path):
            return None
        quiet_ms = _write(path, machine, _measure(now, *size), brief=brief)
    elif _can_be_written(path) and _is_due(path, now, quiet_ms, brief=brief):
        quiet_ms = _write(path, machine, _measure(now, *size), brief=brief) or quiet_ms
    return None if quiet_ms is None else replace(now, quiet_ms=quiet_ms)


def read_reference_speed(
    device: torch.device, folder: Path | None, runtime: Runtime = "torch"
) -> ReferenceSpeed | None:
    """The reference speed in the folder, without a measurement; None if there is none.

    Args:
        device: Device; a GPU has no reference speed.
        folder: Folder of the cache; None if the cache is off.
        runtime: Program that runs the networks to be timed.

    Raises:
        TableError: The file is damaged, or from another machine.
    """
    if device.type != "cpu" or folder is None:
        return None
    machine = _machine_of(device, runtime)
    quiet_ms = _read(reference_speed_file(folder, machine), machine)
    build = partial(build_baseline, runtime=runtime)
    return None if quiet_ms is None else ReferenceSpeed(quiet_ms, clock_of(device), build)


def reference_speed_file(folder: Path, machine: Mapping[str, Any]) -> Path:
    """The file of a machine's reference speed in the cache folder, for the runtime it names."""
    runtime = "-onnxruntime" if _ORT_KEY in machine else ""
    return folder / "times" / f"{device_slug(machine)}{runtime}-pace.json"


def baseline_ms_from(values: Any) -> BaselineMs:
    """Times of the baseline networks from the values in a file, checked.

    Args:
        values: List of milliseconds, from the smallest network to the largest.

    Args:
        values: List of milliseconds, from small to large.

    Raises:
        TypeError: The values are not a list.
        ValueError: The number of times is wrong, one is no time, or a larger network is quicker.
    """
    found = tuple(float(each) for each in values)
    if len(found) != len(BASELINES):
        raise ValueError(f"{len(found)} times of {len(BASELINES)} baseline networks")
    for ms in found:
        if not (isfinite(ms) and ms > 0):
            raise ValueError(f"not a time: {ms!r} ms")
    if list(found) != sorted(set(found)):
        raise ValueError(f"a larger baseline network that takes no longer: {found} ms")
    return found


def _machine_of(device: torch.device, runtime: Runtime) -> dict[str, Any]:
    """This machine, with onnxruntime's version if that is the runtime."""
    version = {} if runtime == "torch" else {_ORT_KEY: ort_version()}
    return timing_machine(device) | version


def _is_due(path: Path, now: ReferenceSpeed, quiet_ms: BaselineMs, *, brief: bool) -> bool:
    """Whether the reference speed is to be measured again."""
    if brief:
        if abs(time.time() - path.stat().st_mtime) < _NEW_S:
            return False
    elif json.loads(path.read_text(encoding="utf-8")).get(_BRIEF_KEY):
        return True
    return _is_quicker(_measure(now, _QUICK_REBUILDS, _QUICK_REBUILD_S), quiet_ms)


def _is_quicker(now_ms: BaselineMs, quiet_ms: BaselineMs) -> bool:
    """Whether the machine is quicker now than at the kept reference speed."""
    return any(now < _QUICKER * quiet for now, quiet in zip(now_ms, quiet_ms, strict=True))


def _measure(speed: ReferenceSpeed, rebuilds: int, rebuild_s: float) -> BaselineMs:
    """Milliseconds of each baseline network: the median over builds of their lower quartiles."""
    found: list[list[float]] = [[] for _ in BASELINES]
    for _ in range(rebuilds):  # networks in turn, so that all have equally quiet moments
        for kind, quartiles in enumerate(found):
            give_back_memory()
            run, samples = speed.build(kind), list[float]()
            started = time.monotonic()
            while not samples or time.monotonic() - started < rebuild_s:
                samples += baseline_samples(speed.clock, run)
            quartiles.append(quantile_of(samples, LOW_QUARTILE))
    return tuple(map(median, found))


def _read(path: Path, machine: Mapping[str, Any]) -> BaselineMs | None:
    """The milliseconds in a file; None if it cannot be read, or has an older format or runtime."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    try:
        values = json.loads(text)
        if values["kind"] == _KIND and values["format"] == 1:
            return None  # times of a single baseline network
        there, quiet_ms = _parse(values)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise TableError(
            f"{path}: a damaged file of this machine's reference speed ({type(error).__name__}: "
            f"{error}); delete it, and nas-tc measures it again"
        ) from None
    if (differs := difference(there, machine)) is not None:
        raise TableError(
            f"{path}: the reference speed of another machine ({differs}); delete it, and nas-tc "
            "measures it again"
        )
    return quiet_ms if there.get(_ORT_KEY) == machine.get(_ORT_KEY) else None


def _parse(values: Mapping[str, Any]) -> tuple[dict[str, Any], BaselineMs]:
    """The machine and the milliseconds in a file's values."""
    if values["kind"] != _KIND or values["format"] != _FORMAT:
        raise ValueError(f"{values['kind']!r} of format {values['format']!r}")
    quiet_ms = baseline_ms_from(values[_QUIET_MS_KEY])
    if values[_NETWORKS_KEY] != [each.to_dict() for each in BASELINES]:
        raise ValueError("of other baseline networks")
    return dict(values["machine"]), quiet_ms


def _can_be_written(path: Path) -> bool:
    """Whether the folder can be written; if not, a measurement of six seconds would be in vain."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(path.parent, os.W_OK)


def _write(
    path: Path, machine: Mapping[str, Any], quiet_ms: BaselineMs, *, brief: bool = False
) -> BaselineMs | None:
    """Writes the file; of each time and one from another process, the lower is kept.

    Returns the times; None if the folder cannot be written, because the reference speed must be the
    same in the next process.
    """
    there = _read(path, machine)
    if there is not None:
        quiet_ms = tuple(map(min, quiet_ms, there))
    try:
        baseline_ms_from(quiet_ms)  # a coarse clock may give equal times
    except ValueError:
        return None
    values = {
        "kind": _KIND,
        "format": _FORMAT,
        "machine": dict(machine),
        _NETWORKS_KEY: [each.to_dict() for each in BASELINES],
        _QUIET_MS_KEY: quiet_ms,
        **({_BRIEF_KEY: True} if brief else {}),
    }
    try:
        with whole_file(path) as partial:
            partial.write_text(json.dumps(values, indent=1), encoding="utf-8")
    except OSError:
        return None
    return quiet_ms
