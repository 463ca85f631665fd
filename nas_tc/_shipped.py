"""TOML files that come with nas-tc, by name, and the user's own, by path."""

from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

from nas_tc.errors import NasTcError, unknown

_ENDING = ".toml"


class TomlText(NamedTuple):
    """The text of a TOML file, its name without the ending, and the file as messages call it."""

    content: str
    name: str
    file: str


def shipped_names(folder: Traversable) -> tuple[str, ...]:
    """Names of the TOML files in a folder of the package, without their ending."""
    names = (file.name for file in folder.iterdir())
    return tuple(sorted(name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING)))


def named_toml(text: str, folder: Traversable, kind: str, refusal: type[NasTcError]) -> TomlText:
    """The shipped file of that name, or the user's file at that path.

    Args:
        text: Name of a shipped file, or a path that ends in .toml.
        folder: Folder of the shipped files.
        kind: What the file describes, for messages.
        refusal: Error for a file that cannot be read.

    Raises:
        UnknownNameError: No shipped file has this name.
        NasTcError: The file cannot be read: `refusal`.
    """
    if not text.endswith(_ENDING):
        names = shipped_names(folder)
        if text not in names:
            raise unknown(kind, text, (*names, "or a path that ends in .toml"))
        source = folder / f"{text}{_ENDING}"
        return TomlText(source.read_text(encoding="utf-8"), text, source.name)
    path = Path(text)
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise refusal(f"cannot read the {kind} file {text!r}: {reason}") from None
    return TomlText(content, path.stem, text)
