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

from optuna.distributions import CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState

from nas_tc import _files
from nas_tc.architecture import Architecture
from nas_tc.study import record, study_storage

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
def replaced(*places):
    """Other values for attributes, each an object, a name and the value; quicker than `patch`."""
    before = [(place, name, vars(place)[name]) for place, name, _ in places]
    for place, name, value in places:
        setattr(place, name, value)
    try:
        yield
    finally:
        for place, name, value in before:
            setattr(place, name, value)


def faulty_files(folder, faults):
    """Operations on files below a folder can fail; a write that fails leaves half a file."""
    prefix = str(folder)

    def faulty(name, operation):
        def strikes(path, *args, **keywords):
            if not str(path).startswith(prefix):
                return operation(path, *args, **keywords)
            try:
                faults.at(name)
            except BaseException:
                if name == "write_bytes" and path.parent.is_dir():
                    operation(path, args[0][: len(args[0]) // 2])
                raise
            result = operation(path, *args, **keywords)
            faults.at(f"behind {name}")
            return result

        return strikes

    return replaced(*((Path, name, faulty(name, vars(Path)[name])) for name in FILE_OPERATIONS))


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

    return replaced(
        (_files, "time", SimpleNamespace(time=lambda: time.time() + step())),
        (study_storage, "datetime", Steps),
    )


def quick_values():
    """Copies, networks and records, of which a search makes thousands, in a fifth of the time.

    What is computed once is the same each time: a network by its values, the id of a network, the
    check and the record of a trial that has ended, which nothing changes any more.
    """
    deepcopy = copy.deepcopy

    def plain(value, memo=None):
        kind = type(value)
        if kind in _ATOMS:
            return value
        if kind is dict:
            if id(value) in _SHARED:
                return value
            return {name: plain(each) for name, each in value.items()}
        if kind is list:
            return [plain(each) for each in value]
        if kind is FrozenTrial:
            twin = FrozenTrial.__new__(FrozenTrial)
            twin.__dict__ = {name: plain(each) for name, each in vars(value).items()}
            return twin
        return deepcopy(value, memo)

    networks, ids = {}, {}
    from_dict, id_of = Architecture.from_dict, Architecture.id.fget

    def quick_id(architecture):
        return once(ids, id(architecture), lambda: (architecture, id_of(architecture)))[1]

    def network(values):
        return once(networks, repr(values), from_dict, values)

    return replaced(
        (copy, "deepcopy", plain),
        (Architecture, "from_dict", network),
        (Architecture, "id", property(quick_id)),
        (record, "check_trial", _of_ended(record.check_trial)),
        (record, "trial_record", _of_ended(record.trial_record)),
    )


def once(known, key, compute, *values):
    """What is known by a key, computed where it is not known yet."""
    if key not in known:
        known[key] = compute(*values)
    return known[key]


def _of_ended(compute):
    """A function of a trial, asked once for each that has ended and the same further values."""
    known = {}

    def quick(trial, *values):
        if not trial.state.is_finished():
            return compute(trial, *values)
        found = known.get(id(trial))
        if found is None or found[1] != values:
            # With the trial, whose id no other has as long as it is kept.
            found = known[id(trial)] = trial, values, compute(trial, *values)
        return found[2]

    return quick


def shared(values):
    """Values that are never copied, as nothing changes them."""
    _SHARED[id(values)] = values
    return values


_SHARED = {}  # by id, which no other has as long as they are kept
_ATOMS = {str, int, float, bool, type(None), datetime, CategoricalDistribution, TrialState}
