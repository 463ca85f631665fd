"""What the command line could not take: the option, the value, the way out, in one line."""

from typing import Any

import typer

# What a value must be, by pydantic's kinds of errors; {} is the bound.
_RULES = {
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
}
_WAYS_OUT = ("Possible options", "Did you mean")


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
