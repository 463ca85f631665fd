"""JSON on standard output, for other programs."""

import json
from math import isfinite
from typing import Any

import typer


def print_json(values: Any) -> None:
    """Prints values as indented JSON; numbers that JSON does not have are null.

    Args:
        values: Plain lists, numbers and strings.
    """
    typer.echo(json.dumps(_plain(values), indent=2))


def _plain(values: Any) -> Any:
    match values:
        case dict():
            return {str(key): _plain(value) for key, value in values.items()}
        case list() | tuple():
            return [_plain(value) for value in values]
        case float() if not isfinite(values):
            return None
    return values
