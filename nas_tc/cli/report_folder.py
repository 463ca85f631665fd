"""The folder of a report, before any work: what a report would replace there."""

from pathlib import Path

import typer

from nas_tc._report_files import ALWAYS, FIRST, TESTED
from nas_tc.errors import NasTcError

REPORT_FILES = (*ALWAYS, *TESTED)


def check_report_folder(option: typer.CallbackParam, folder: Path | None) -> Path | None:
    """The folder, if a report replaces nothing there but an earlier report.

    `FIRST` is written first, so a folder that has it has a report, whole or not. One
    without it may be that of `nas-tc train`, whose tables have the same names, or a project's.

    Args:
        option: The option that names the folder.
        folder: Its value; None: not given.

    Raises:
        NasTcError: The folder is a file, or holds such files of another origin.
    """
    if folder is None:
        return None
    if folder.is_file():
        raise NasTcError(f"{option.opts[0]}: {folder} is a file; name a folder for the report")
    if (folder / FIRST).exists():
        return folder
    own = [name for name in REPORT_FILES if (folder / name).exists()]
    if own:
        raise NasTcError(
            f"{option.opts[0]}: {folder} has {', '.join(own)} of another origin, which the report "
            "would replace; choose another folder"
        )
    return folder
