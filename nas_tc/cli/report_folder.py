"""The folder of a report, before any work: what a report would replace there."""

from pathlib import Path

from nas_tc._files import check_folder
from nas_tc._report_files import ALWAYS, FIRST, TESTED

REPORT_FILES = (*ALWAYS, *TESTED)


def check_report_folder(folder: Path | None) -> Path | None:
    """The folder, if a report replaces nothing there but an earlier report.

    `FIRST` is written first, so a folder that has it has a report, whole or not. One
    without it may be that of `nas-tc train`, whose tables have the same names, or a project's.

    Args:
        folder: Value of the option; None: not given.

    Raises:
        NasTcError: The folder is a file, or holds such files of another origin.
    """
    if folder is not None:
        check_folder(folder, REPORT_FILES, "report", is_own=(folder / FIRST).exists())
    return folder
