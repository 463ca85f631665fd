"""The folder of an export: what it may replace there, and what it must not."""

import hashlib
import json
from pathlib import Path

VERIFICATION = "verification.json"  # every export writes it
_WORDS_OF_SOURCE = "found by nas-tc"  # network.py has them, and version 0.1.0 wrote little else


def holds_export(folder: Path) -> bool:
    """Whether `nas-tc export` has written into the folder before.

    Args:
        folder: Folder, which may not exist.
    """
    if (folder / VERIFICATION).is_file():
        return True
    source = folder / "network.py"
    try:
        return _WORDS_OF_SOURCE in source.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal digits.

    Args:
        file: The file.
    """
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def is_as_exported(folder: Path, name: str) -> bool:
    """Whether a file has the SHA-256 that the export has written down, or none is written down.

    Args:
        folder: Folder of the export.
        name: Name of the file in it.
    """
    try:
        files = json.loads((folder / VERIFICATION).read_text(encoding="utf-8"))["files"]
        kept = {each["file"]: each.get("sha256") for each in files.values()}.get(name)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return True
    return kept is None or kept == sha256_of(folder / name)
