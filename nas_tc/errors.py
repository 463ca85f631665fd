"""The errors that a user can cause.

Each message states the rule that was broken, the value that broke it and the way out, on one
line. The command line prints it and exits with code 2; the Python API raises it as it is.
"""

import difflib
import os
from collections.abc import Iterable


class NasTcError(ValueError):
    """Bad input: base class of every error that a user can cause."""


class ArchitectureError(NasTcError):
    """A network that cannot exist: a map that shrinks to nothing, a width of zero."""


class NotationError(NasTcError):
    """A network description that cannot be read."""


class UnknownNameError(NasTcError):
    """A name that nothing is known by: a network, a space, a data source."""


class BudgetError(NasTcError):
    """A budget that cannot be read, or that no network fits."""


class SpaceError(NasTcError):
    """A search space file that cannot be read or makes no sense."""


class DataError(NasTcError):
    """Images that are missing, broken or unlabelled."""


class StudyError(NasTcError):
    """A study file that is not one, is in use, or belongs to another search."""


class ExportError(NasTcError):
    """An exported file that does not compute what the trained network does, or no such file."""


class TableError(NasTcError):
    """A table of layer times that cannot be read, or is of another machine."""


class DeviceError(NasTcError):
    """A device or a cluster that is not there."""


class CaptureError(DeviceError):
    """A pass that cannot be captured in a CUDA graph on this GPU."""


def reason(error: BaseException) -> str:
    """What an exception has to say, on one line and without the system's number for it."""
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return first_line(str(error)) or type(error).__name__


def first_line(text: str) -> str:
    """The first line of an error's text; further lines of CUDA's errors are advice."""
    return (text.strip().splitlines() or [""])[0]


def shortened(text: str, most: int = 300) -> str:
    """A text of at most `most` characters, without its middle if it was longer.

    Args:
        text: Text that may quote a value from a file.
        most: Greatest number of characters.
    """
    half = (most - 5) // 2
    return text if len(text) <= most else f"{text[:half]} ... {text[-half:]}"


def unknown(
    kind: str, name: str, known: Iterable[str], *, within: str = "", at: int | None = None
) -> UnknownNameError:
    """The error for a name that is not among `known`, with the nearest one suggested.

    Args:
        kind: what the name should have named, e.g. "reference".
        name: what was given.
        known: the names there are, listed in the message in their own order.
        within: the whole expression that `name` stands in, if it is a part of one.
        at: the character of the expression at which it begins, from 1.
    """
    names = list(known)
    place = f" in {within!r}" if within and within != name else ""
    if place and at is not None:
        place += f" at character {at}"
    # Case is worth less than letters: "alexNet" should find "alexnet" before "A".
    by_folded = {each.lower(): each for each in reversed(names)}
    close = difflib.get_close_matches(name.lower(), by_folded, n=1, cutoff=0.6)
    hint = f" did you mean {by_folded[close[0]]!r}?" if close else ""
    return UnknownNameError(f"unknown {kind} {name!r}{place};{hint} known: {', '.join(names)}")
