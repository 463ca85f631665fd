"""JSON on standard output, for other programs."""

import json
from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from nas_tc.space import Limited


def print_json(values: Any) -> None:
    """Prints values as indented JSON; numbers that JSON does not have are null.

    Args:
        values: Plain lists, numbers and strings.
    """
    typer.echo(json.dumps(_plain(values), indent=2))


def limits_values(limits: "Sequence[Limited]") -> list[dict[str, Any]]:
    """Limits of a budget as JSON has them.

    Args:
        limits: Limits as numbers.
    """
    return [
        {
            "limit": each.bound.text,
            "measure": each.bound.measure,
            "batch": each.bound.batch,
            "least": each.least,
            "most": each.most,
        }
        for each in limits
    ]


def _plain(values: Any) -> Any:
    match values:
        case dict():
            return {str(key): _plain(value) for key, value in values.items()}
        case list() | tuple():
            return [_plain(value) for value in values]
        case float() if not isfinite(values):
            return None
    return values
