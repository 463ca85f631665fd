"""The networks that a search found, to be compared in an experiment."""

from pathlib import Path

from nas_tc.errors import StudyError
from nas_tc.metric import Metric
from nas_tc.report import recommended
from nas_tc.study import StudyRecord, TrialRecord, read_study


def best_of_study(path: Path, most: int) -> tuple[StudyRecord, list[TrialRecord]]:
    """A study, and its recommended network and the others of its front, the least errors first.

    Args:
        path: Path of the study file.
        most: Greatest number of networks.

    Raises:
        StudyError: There is no such study, it has no complete trial, or it was searched by another
            metric than the error.
    """
    record = read_study(path)
    if record.metric != Metric.ERROR:
        raise StudyError(
            f"{path} was searched by the {record.metric.words}, and an experiment compares the "
            "plain error; take the network by its notation"
        )
    choice = recommended(record)
    if choice is None:
        raise StudyError(f"{path}: no trial is complete yet; resume the search")
    others = sorted(record.front, key=lambda trial: trial.mean_val_error or 0)
    ranked = [choice.trial, *(each for each in others if each.number != choice.trial.number)]
    return record, ranked[:most]
