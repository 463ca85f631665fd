"""A block as text, both ways: `inverted[6,se=4]`, `bottleneck`, `plain[groups=2,nin]`.

Fields without a default come first, in order. Other fields follow by name if they differ from their
defaults; a flag is its name alone.
"""

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from functools import lru_cache
from typing import Any

from nas_tc.architecture.blocks import BLOCKS, Block
from nas_tc.errors import NotationError, unknown

_BLOCK = re.compile(r"([a-z]+)(?:\[([^\[\]]*)\])?")


@lru_cache(maxsize=4096)
def parse_block(text: str) -> Block:
    """The block that `text` describes.

    Args:
        text: Name of the block, with arguments in brackets if it takes any.

    Raises:
        UnknownNameError: No block has this name.
        NotationError: The block does not take these arguments.
        ArchitectureError: The values of the arguments make no block.
    """
    match = _BLOCK.fullmatch(text)
    if match is None:
        raise NotationError(f"cannot read the block {text!r}; write it like 'inverted[6,se=4]'")
    name, written = match.groups()
    if name not in BLOCKS:
        raise unknown("block", name, BLOCKS)
    kind = BLOCKS[name]
    options = {each.name: each.default for each in fields(kind)}
    required = [key for key, default in options.items() if default is MISSING]
    arguments = written.split(",") if written else []
    values: dict[str, Any] = {}
    for number, argument in enumerate(arguments):
        key, equals, value = argument.partition("=")
        if not equals and number < len(required):
            key, value = required[number], argument
        elif not equals:
            value = "true"
        if key not in options:
            raise unknown(f"argument of the block {name!r}", key, options, within=text)
        if key in values:
            raise NotationError(f"the block {text!r} names {key} twice")
        values[key] = _value(value, options[key], text)
    if missing := [key for key in required if key not in values]:
        raise NotationError(
            f"the block {text!r} lacks {', '.join(missing)}; "
            f"write {name}[{','.join(required)}] with whole numbers"
        )
    return kind(**values)


def format_block(block: Block) -> str:
    """The block as text; `parse_block` gives the same block back."""
    name = next(name for name, kind in BLOCKS.items() if type(block) is kind)
    arguments = ",".join(_arguments(block))
    return f"{name}[{arguments}]" if arguments else name


def _arguments(block: Block) -> Iterator[str]:
    for each in fields(block):
        value = getattr(block, each.name)
        if each.default is MISSING:
            yield str(value)
        elif value is True:
            yield each.name
        elif value != each.default:
            yield f"{each.name}={value}"


def _value(text: str, default: Any, within: str) -> Any:
    """A value of the default's type; a field without a default is a whole number."""
    if isinstance(default, bool):
        if text in ("true", "false"):
            return text == "true"
    elif isinstance(default, str):
        return text
    elif re.fullmatch(r"\d{1,9}", text):
        return int(text)
    raise NotationError(f"cannot read {text!r} in the block {within!r}")
