"""The networks that a search found, to be compared in an experiment."""

from pathlib import Path

from nas_tc.errors import StudyError
from nas_tc.report import recommended
from nas_tc.study import TrialRecord, read_study


def best_of_study(path: Path, most: int) -> list[TrialRecord]:
    """The recommended network of a study, and the others of its front, the least errors first.

    Args:
        path: Path of the study file.
        most: Greatest number of networks.

    Raises:
        StudyError: There is no such study, or it has no complete trial.
    """
    record = read_study(path)
    choice = recommended(record)
    if choice is None:
        raise StudyError(f"{path}: no trial is complete yet; resume the search")
    others = sorted(record.front, key=lambda trial: trial.mean_val_error or 0)
    ranked = [choice.trial, *(each for each in others if each.number != choice.trial.number)]
    return ranked[:most]
