"""A part of the acceptance on a GPU: it prints one JSON line, whatever happens.

The line has `name`, `ok`, `seconds`, `figures` and `error`; benchmarks/gpu.py collects them.
"""

import json
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

Figures = dict[str, Any]


class PartFailedError(Exception):
    """A part whose figures miss what they should reach.

    Args:
        why: What they miss.
        figures: The figures.
    """

    def __init__(self, why: str, figures: Figures) -> None:
        super().__init__(why)
        self.figures = figures


def checked(figures: Figures, misses: Sequence[str]) -> Figures:
    """The figures of a part that misses nothing.

    Raises:
        PartFailedError: It misses something.
    """
    if misses:
        raise PartFailedError("; ".join(misses), figures)
    return figures


def run_part(name: str, part: Callable[[], Figures]) -> int:
    """Runs a part and prints its line as the last one of the output; 0 if all is as it should be.

    Args:
        name: Name of the part.
        part: Gives the figures, or raises `PartFailedError`, or any other error.
    """
    started = time.monotonic()
    error: str | None = None
    try:
        figures = part()
    except PartFailedError as failed:
        figures, error = failed.figures, str(failed)
    except Exception as raised:  # noqa: BLE001 - whatever it is, the line says so
        traceback.print_exc()
        figures, error = {}, f"{type(raised).__name__}: {(str(raised).splitlines() or [''])[0]}"
    line = {
        "name": name,
        "ok": error is None,
        "seconds": round(time.monotonic() - started, 1),
        "figures": figures,
        "error": error,
    }
    sys.stderr.flush()
    print(json.dumps(line), flush=True)
    return 0 if error is None else 1
