"""The folder of an export: what it may replace there, and what it must not."""

from collections.abc import Iterable
from pathlib import Path

from nas_tc.errors import ExportError, StudyError

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


def check_place(folder: Path, names: Iterable[str]) -> None:
    """Refuses a folder in which an export would replace files that no export has written.

    Args:
        folder: Folder for the export, which may not exist.
        names: Every name that an export may write or remove.

    Raises:
        StudyError: It is a file.
        ExportError: It holds such files.
    """
    if folder.exists() and not folder.is_dir():
        raise StudyError(f"{folder} is a file; choose another folder with --out")
    if holds_export(folder):
        return
    own = [name for name in names if (folder / name).exists()]
    if own:
        raise ExportError(
            f"{folder} has {', '.join(own)} of another origin, which the export would replace; "
            "choose another folder with --out"
        )
