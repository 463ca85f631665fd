"""Faults of a simulated search: kills between two writes, a full or read-only disk, half a file.

A fault can strike at every write of the study and every operation on a file, before it and behind
it. After a kill nothing more reaches the disk, so what a restart finds is what `kill -9` leaves.
"""

import copy
import errno
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace
from unittest.mock import patch

from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState

from nas_tc.architecture import Architecture

WRITES = ("attribute", "transaction")
FILE_OPERATIONS = ("write_bytes", "replace", "unlink", "mkdir")


class KilledError(BaseException):
    """The process is dead; no code of the product catches it."""


@dataclass
class Faults:
    """What goes wrong, and when.

    Attributes:
        random: Decides.
        rates: Chance of each fault at each place where it can strike.
        struck: Faults so far, by kind and place.
        is_dead: Whether the process was killed: nothing works any more.
        is_readonly: Whether the file system lets nothing be written any more.
        step_s: Seconds by which the wall clock is wrong now.
    """

    random: Random
    rates: dict[str, float]
    struck: Counter = field(default_factory=Counter)
    is_dead: bool = False
    is_readonly: bool = False
    step_s: float = 0.0

    def at(self, place):
        """Strikes at a place, or not."""
        if self.is_dead:
            raise KilledError
        if self.happens("kill", place):
            self.is_dead = True
            raise KilledError
        self.is_readonly = self.is_readonly or self.happens("readonly", place)
        if self.is_readonly and not place.startswith("behind"):
            raise OSError(errno.EROFS, "Read-only file system")
        if self.happens("full", place):
            raise OSError(errno.ENOSPC, "No space left on device")

    def happens(self, kind, place):
        """Whether a fault of a kind happens here and now."""
        if self.random.random() >= self.rates.get(kind, 0.0):
            return False
        self.struck[kind, place] += 1
        return True


@contextmanager
def faulty_files(folder, faults):
    """Operations on files below a folder can fail; a write that fails leaves half a file."""
    patches = []
    for name in FILE_OPERATIONS:
        operation = getattr(Path, name)

        def strikes(path, *args, _name=name, _operation=operation, **keywords):
            if not path.is_relative_to(folder):
                return _operation(path, *args, **keywords)
            try:
                faults.at(_name)
            except BaseException:
                if _name == "write_bytes" and path.parent.is_dir():
                    _operation(path, args[0][: len(args[0]) // 2])
                raise
            result = _operation(path, *args, **keywords)
            faults.at(f"behind {_name}")
            return result

        patches.append(patch.object(Path, name, strikes))
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in patches:
            each.stop()


@contextmanager
def wall_clock(faults):
    """The clock of the wall, which steps back and forth by up to two days."""

    def step():
        if faults.happens("step", "clock"):
            faults.step_s = faults.random.uniform(-2, 2) * 24 * 3600
        return faults.step_s

    class Steps(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(seconds=step())

    with (
        patch("nas_tc._files.time", SimpleNamespace(time=lambda: time.time() + step())),
        patch("nas_tc.study.study_storage.datetime", Steps),
    ):
        yield


@contextmanager
def quick_values():
    """Copies and networks, of which a search makes thousands, in a fifth of the time."""
    deepcopy = copy.deepcopy

    def plain(value, memo=None):
        kind = type(value)
        if kind in _ATOMS:
            return value
        if kind is dict:
            return {name: plain(each) for name, each in value.items()}
        if kind is list:
            return [plain(each) for each in value]
        if kind is FrozenTrial:
            twin = copy.copy(value)
            twin.__dict__ = {name: plain(each) for name, each in vars(value).items()}
            return twin
        return deepcopy(value, memo)

    known = {}

    def from_dict(values):
        text = repr(values)
        if text not in known:
            known[text] = read(values)
        return known[text]

    read = Architecture.from_dict
    with (
        patch.object(copy, "deepcopy", plain),
        patch.object(Architecture, "from_dict", from_dict),
    ):
        yield


_ATOMS = {str, int, float, bool, type(None), datetime, CategoricalDistribution, TrialState}
