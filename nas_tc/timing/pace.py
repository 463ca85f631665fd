"""The machine's pace: how long a small network takes now, against what it takes usually.

A processor that is shared, or that minds its temperature, runs several per cent faster in one
minute than in the next, and every network feels it alike. So a time is read beside a pacemaker, a
small network that never changes, and told at the pace at which that takes as long as it usually
does on this device. What is usual is measured once and kept beside the tables of layer times.

A product of two matrices would be simpler, but it feels another drift than convolutions do.
"""

import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from statistics import median
from typing import Any

import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.errors import TableError
from nas_tc.timing.clock import Clock, Run, clock_of
from nas_tc.timing.estimate import second_lowest
from nas_tc.timing.machine import SAME, device_slug, timing_machine
from nas_tc.timing.work import forward_pass

PACEMAKER = Architecture((3, 48, 48), parse_notation("(3,32)/2 | (3,64) | 2/2 | (3,96)x2"), GAP, 10)
_COUNTED = 3  # runs in a row at least, after one that is not counted
_SHARE = 0.1  # of the time of what is timed: for so long at least
_FRESH = 40  # pacemakers built anew, to learn what is usual
_FRESH_S = 0.1  # with each
_FORMAT = 1  # of the file


@dataclass(frozen=True, slots=True)
class Pace:
    """A pacemaker to time beside something, and how long it takes usually.

    Attributes:
        usual_ms: of the pacemaker on this device, in the best moments, as with a network's time.
        run: the pacemaker.
        clock: to read it with.
    """

    usual_ms: float
    run: Run
    clock: Clock

    def anew(self) -> "Pace":
        """The same with the pacemaker elsewhere in memory."""
        return replace(self, run=forward_pass(PACEMAKER))

    def samples(self, beside_ms: float = 0.0) -> list[float]:
        """Milliseconds of the pacemaker, a few times in a row.

        Args:
            beside_ms: what was timed took since the last look: a tenth of it is looked, at least.
        """
        self.run()  # brings its own data back into the cache
        found: list[float] = []
        while len(found) < _COUNTED or sum(found) < _SHARE * beside_ms:
            found.append(self.clock(self.run))
        return found

    def slowness(self, samples: list[float]) -> float:
        """How many times its usual time the pacemaker took in these samples."""
        return second_lowest(samples) / self.usual_ms


def usual_pace(device: torch.device, folder: Path | None) -> Pace | None:
    """The pace of a processor against what is usual on it; call it within `one_thread`.

    What is usual is read from the folder, or else measured, which takes four seconds, and kept.

    Args:
        device: a GPU has no pace: None.
        folder: the cache's; None, or one that cannot be written: there is no usual, so None.

    Raises:
        TableError: a damaged file, or one of another device, in the place of the figure.
    """
    if device.type == "cuda" or folder is None:
        return None
    clock, machine = clock_of(device), timing_machine(device)
    path = pace_file(folder, machine)
    usual_ms = _kept(path, machine)
    if usual_ms is None and _can_be_kept(path):
        usual_ms = _keep(path, machine, _measured(clock))
    return None if usual_ms is None else Pace(usual_ms, forward_pass(PACEMAKER), clock)


def pace_file(folder: Path, machine: Mapping[str, Any]) -> Path:
    """The place of a machine's usual pace in the cache folder."""
    return folder / "times" / f"{device_slug(machine)}-pace.json"


def _measured(clock: Clock) -> float:
    """The median over fresh pacemakers of the second lowest time of each, milliseconds."""
    lows = []
    for _ in range(_FRESH):
        pace = Pace(1.0, forward_pass(PACEMAKER), clock)
        samples: list[float] = []
        started = time.monotonic()
        while not samples or time.monotonic() - started < _FRESH_S:
            samples += pace.samples()
        lows.append(second_lowest(samples))
    return median(lows)


def _kept(path: Path, machine: Mapping[str, Any]) -> float | None:
    """The usual milliseconds in a file; None if there is none that can be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    try:
        there, usual_ms = _said(json.loads(text))
    except (KeyError, TypeError, ValueError) as error:
        raise TableError(
            f"{path}: a damaged file of this machine's usual pace ({type(error).__name__}: "
            f"{error}); delete it, and it is measured again"
        ) from None
    for name in SAME:
        if there.get(name) != machine.get(name):
            raise TableError(
                f"{path}: the usual pace of another machine ({name} {there.get(name)!r}, here "
                f"{machine.get(name)!r}); delete it, and it is measured again"
            )
    return usual_ms


def _said(values: Mapping[str, Any]) -> tuple[dict[str, Any], float]:
    """The machine and the usual milliseconds that a file says."""
    if values["kind"] != "nas-tc pace" or values["format"] != _FORMAT:
        raise ValueError(f"{values['kind']!r} of format {values['format']!r}")
    usual_ms = float(values["usual_ms"])
    if not (isfinite(usual_ms) and usual_ms > 0):
        raise ValueError(f"not a time: {usual_ms!r} ms")
    return dict(values["machine"]), usual_ms


def _can_be_kept(path: Path) -> bool:
    """Whether there is a folder to write to: four seconds are not spent for nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(path.parent, os.W_OK) and not path.exists()


def _keep(path: Path, machine: Mapping[str, Any], usual_ms: float) -> float | None:
    """Writes the file whole, unless another process was first; what it says then.

    None if the folder cannot be written: a usual that the next process does not know is none.
    """
    values = {
        "kind": "nas-tc pace",
        "format": _FORMAT,
        "machine": dict(machine),
        "pacemaker": PACEMAKER.to_dict(),
        "usual_ms": usual_ms,
    }
    try:
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(values, file, indent=1)
            Path(partial).chmod(0o644)
            if path.exists():  # somebody was first, and times are told by that one
                return _kept(path, machine)
            Path(partial).replace(path)
        finally:
            Path(partial).unlink(missing_ok=True)
    except OSError:
        return None
    return usual_ms
