"""How long the pacemakers take on this machine in calm: measured, kept, and lowered.

What is kept is of the calmest moment so far. A first measurement may fall into a bad one; so each
process takes a short look, and where the machine is quicker than it ever was, measures again.
"""

import json
import os
import time
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from statistics import median
from typing import Any

import torch

from nas_tc._files import whole_file
from nas_tc._heap import give_back_memory
from nas_tc.errors import TableError
from nas_tc.timing.baseline_speed import BASELINES, Pace
from nas_tc.timing.clock import LOW_QUARTILE, Clock, clock_of
from nas_tc.timing.estimate import quantile_of
from nas_tc.timing.machine import device_slug, difference, timing_machine

_BUILDS = 20  # of each pacemaker, to learn what it takes in calm
_BUILD_S = 0.1  # with each
_LOOK_BUILDS = 3  # of each, to see whether the machine is quicker than it ever was
_LOOK_S = 0.05
_QUICKER = 0.93  # of what is kept: less than this is no accident of where a build lies
_FORMAT = 2  # of the file

CalmMs = tuple[float, ...]


def find_reference_speed(device: torch.device, folder: Path | None) -> Pace | None:
    """The pace of a processor against what it is in calm; call it within `one_thread`.

    What it is in calm is read from the folder, or else measured, which takes six seconds, and
    kept. Where half a second shows a machine that is quicker than what is kept, it is measured
    again, and the lower figures are kept.

    Args:
        device: a GPU has no pace: None.
        folder: the cache's; None, or one that cannot be written and has no figures yet: no calm is
            known, so None.

    Raises:
        TableError: a damaged file, or one of another device, in the place of the figures.
    """
    if device.type == "cuda" or folder is None:
        return None
    clock, machine = clock_of(device), timing_machine(device)
    path = pace_file(folder, machine)
    calm = _kept(path, machine)
    if calm is None:
        if not _can_be_kept(path):
            return None
        calm = _keep(path, machine, _measured(clock, _BUILDS, _BUILD_S))
    elif _can_be_kept(path) and _is_quicker(_measured(clock, _LOOK_BUILDS, _LOOK_S), calm):
        calm = _keep(path, machine, _measured(clock, _BUILDS, _BUILD_S)) or calm
    return None if calm is None else Pace(calm, clock)


def kept_reference_speed(device: torch.device, folder: Path | None) -> Pace | None:
    """The pace as it is kept, without a look at the machine; None if nothing is.

    Raises:
        TableError: as `reference_speed`.
    """
    if device.type == "cuda" or folder is None:
        return None
    machine = timing_machine(device)
    calm = _kept(pace_file(folder, machine), machine)
    return None if calm is None else Pace(calm, clock_of(device))


def pace_file(folder: Path, machine: Mapping[str, Any]) -> Path:
    """The place of a machine's calm pace in the cache folder."""
    return folder / "times" / f"{device_slug(machine)}-pace.json"


def _is_quicker(now: CalmMs, calm: CalmMs) -> bool:
    return any(ms < _QUICKER * kept for ms, kept in zip(now, calm, strict=True))


def _measured(clock: Clock, builds: int, build_s: float) -> CalmMs:
    """Of each pacemaker the median over builds of the lower quartile of each, milliseconds."""
    pace = Pace((1.0,) * len(BASELINES), clock)
    found: list[list[float]] = [[] for _ in BASELINES]
    for _ in range(builds):  # by turns: all see the same of the machine
        for kind, quartiles in enumerate(found):
            give_back_memory()
            run, samples = pace.make(kind), list[float]()
            started = time.monotonic()
            while not samples or time.monotonic() - started < build_s:
                samples += pace.samples(run)
            quartiles.append(quantile_of(samples, LOW_QUARTILE))
    return tuple(map(median, found))


def _kept(path: Path, machine: Mapping[str, Any]) -> CalmMs | None:
    """The milliseconds in a file; None if there is none that can be read, or an older format."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    try:
        values = json.loads(text)
        if values["kind"] == "nas-tc pace" and values["format"] == 1:
            return None  # of a single pacemaker
        there, calm = _said(values)
    except (KeyError, TypeError, ValueError) as error:
        raise TableError(
            f"{path}: a damaged file of this machine's calm pace ({type(error).__name__}: "
            f"{error}); delete it, and it is measured again"
        ) from None
    if (differs := difference(there, machine)) is not None:
        raise TableError(
            f"{path}: the calm pace of another machine ({differs}); delete it, and it is measured "
            "again"
        )
    return calm


def _said(values: Mapping[str, Any]) -> tuple[dict[str, Any], CalmMs]:
    """The machine and the milliseconds that a file says."""
    if values["kind"] != "nas-tc pace" or values["format"] != _FORMAT:
        raise ValueError(f"{values['kind']!r} of format {values['format']!r}")
    calm = calm_times(values["calm_ms"])
    if values["pacemakers"] != [each.to_dict() for each in BASELINES]:
        raise ValueError("of other pacemakers")
    return dict(values["machine"]), calm


def calm_times(values: Any) -> CalmMs:
    """The pacemakers' milliseconds as a file has them.

    Raises:
        TypeError: not a list.
        ValueError: not a time of each pacemaker.
    """
    found = tuple(float(each) for each in values)
    if len(found) != len(BASELINES):
        raise ValueError(f"{len(found)} times of {len(BASELINES)} pacemakers")
    for ms in found:
        if not (isfinite(ms) and ms > 0):
            raise ValueError(f"not a time: {ms!r} ms")
    if list(found) != sorted(set(found)):
        raise ValueError(f"a larger pacemaker that takes no longer: {found} ms")
    return found


def _can_be_kept(path: Path) -> bool:
    """Whether there is a folder to write to: six seconds are not spent for nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(path.parent, os.W_OK)


def _keep(path: Path, machine: Mapping[str, Any], calm: CalmMs) -> CalmMs | None:
    """Writes the file whole: the lower of each time and what another process has kept meanwhile.

    None if the folder cannot be written: a calm that the next process does not know is none.
    """
    there = _kept(path, machine)
    if there is not None:
        calm = tuple(map(min, calm, there))
    try:
        calm_times(calm)  # a clock may tick too slowly for them
    except ValueError:
        return None
    values = {
        "kind": "nas-tc pace",
        "format": _FORMAT,
        "machine": dict(machine),
        "pacemakers": [each.to_dict() for each in BASELINES],
        "calm_ms": calm,
    }
    try:
        with whole_file(path) as partial:
            partial.write_text(json.dumps(values, indent=1), encoding="utf-8")
    except OSError:
        return None
    return calm
