"""What the command line could not take: the option, the value, the way out, in one line."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import typer

from nas_tc.errors import NasTcError

# What a value must be, by pydantic's kinds of errors; {} is the bound.
_RULES = {
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
}
_WAYS_OUT = ("Possible options", "Did you mean")


def check_values(arguments: Sequence[str]) -> None:
    """Refuses an empty value behind an option, as in `--out "$FOLDER"` without such a variable.

    An empty path is the current folder, which nobody means.

    Args:
        arguments: Words of the command line, without the program.

    Raises:
        NasTcError: There is such an option.
    """
    for word, value in pairwise((*arguments, "-")):
        if word == "--":  # no options follow
            return
        option, is_joined, joined = word.partition("=")
        if option.startswith("-") and not (joined if is_joined else value):
            raise NasTcError(f"{option} is followed by an empty value; give one, or leave it out")


def usage_message(error: typer.TyperException) -> str:
    """The message of an error of usage.

    typer's own names the rule, but neither the value nor what to do.

    Args:
        error: What typer raised.
    """
    refused = _refused(error)
    if refused is not None:
        return refused
    message = error.format_message()
    context = getattr(error, "ctx", None)
    if not message or context is None or any(words in message for words in _WAYS_OUT):
        return message
    return f"{message.rstrip('.')}; see {context.command_path} --help"


def _refused(error: typer.TyperException) -> str | None:
    """The message about a value of the wrong kind; None if the error is another one."""
    details: Any = getattr(error.__cause__, "errors", None)  # of pydantic's ValidationError
    option = getattr(getattr(error, "param", None), "opts", None)
    if details is None or not option:
        return None
    first = details()[0]
    rule = _RULES.get(first["type"])
    if rule is None:
        return None
    value = first["input"] if "ctx" in first else repr(first["input"])
    return f"{option[0]} must be {rule.format(**first.get('ctx', {}))}, not {value}"
