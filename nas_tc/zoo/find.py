"""Networks by name, by the paper's notation, or from a JSON file."""

from pathlib import Path

from nas_tc.architecture import SPP, Architecture, parse_notation
from nas_tc.errors import NasTcError, NotationError, UnknownNameError, unknown
from nas_tc.zoo.table import ZOO


def find_network(text: str) -> Architecture:
    """The network that `text` names, describes or points to.

    Args:
        text: Name of a network of the zoo; or a notation, which is taken in the paper's setting:
            224x224 colour images, 1000 classes, the SPP head, no normalisation; or the path of a
            `.json` file from `Architecture.to_json`.

    Raises:
        UnknownNameError: No network has this name.
        NotationError: The notation or the file cannot be read.
        ArchitectureError: The numbers describe no network.
    """
    if text in ZOO:
        return ZOO[text].architecture
    if text.endswith(".json"):
        return _read(Path(text))
    if "(" in text or "|" in text:
        return Architecture((3, 224, 224), parse_notation(text), SPP, classes=1000, norm="none")
    if ".py:" in text or text.endswith(".py"):
        raise UnknownNameError(
            f"{text!r} is a Python file; write its module as a network with nas-tc import {text} "
            "--out mine.json, and give that file"
        )
    if names_study(text):
        raise UnknownNameError(
            f"{text!r} is a file or a study, and no network; give a name of nas-tc zoo, a notation "
            "as in '(3,16)x2 | 2/2 | (3,32)', or a file that ends in .json"
        )
    raise unknown("network", text, ZOO)


def names_study(text: str) -> bool:
    """Whether `text` names a study: a .db file, an existing file that is not JSON, or a URL."""
    if text.startswith(("postgresql:", "postgres:")):
        return True
    if text.endswith((".db", ".json")):
        return text.endswith(".db")
    try:
        return Path(text).is_file()
    except OSError:  # a notation is longer than the names of files may be
        return False


def _read(path: Path) -> Architecture:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise NotationError(f"cannot read the network file {str(path)!r}: {reason}") from None
    try:
        return Architecture.from_json(text)
    except NasTcError as error:
        raise type(error)(f"{path}: {error}") from None
