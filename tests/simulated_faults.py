"""Faults of a simulated search: kills between two writes, a full disk, half a file.

A fault can strike at every write of the study and every operation on a file, before it and behind
it. After a kill nothing more reaches the disk, so what a restart finds is what `kill -9` leaves.
"""

import errno
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from unittest.mock import patch

from optuna.storages import InMemoryStorage

WRITES = (
    "create_new_trial",
    "set_study_user_attr",
    "set_study_system_attr",
    "set_trial_param",
    "set_trial_state_values",
    "set_trial_intermediate_value",
    "set_trial_user_attr",
    "set_trial_system_attr",
)
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
    """

    random: Random
    rates: dict[str, float]
    struck: Counter = field(default_factory=Counter)
    is_dead: bool = False

    def at(self, place):
        """Strikes at a place, or not."""
        if self.is_dead:
            raise KilledError
        if self.happens("kill", place):
            self.is_dead = True
            raise KilledError
        if self.happens("full", place):
            raise OSError(errno.ENOSPC, "No space left on device")

    def happens(self, kind, place):
        """Whether a fault of a kind happens here and now."""
        if self.random.random() >= self.rates.get(kind, 0.0):
            return False
        self.struck[kind, place] += 1
        return True


class FaultyStorage(InMemoryStorage):
    """A storage whose writes are whole or not at all, as those of SQLite, and can fail."""

    faults = None


def _faulty(name):
    write = getattr(InMemoryStorage, name)

    def strikes(self, *args, **keywords):
        if self.faults is not None:
            self.faults.at(name)
        result = write(self, *args, **keywords)
        if self.faults is not None:
            self.faults.at(f"behind {name}")
        return result

    return strikes


for _name in WRITES:
    setattr(FaultyStorage, _name, _faulty(_name))


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
