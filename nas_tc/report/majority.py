"""The error without any network: that of always predicting the most common class."""

from nas_tc.data import blind_name, majority_text
from nas_tc.study import StudyRecord


def majority_lines(record: StudyRecord) -> list[str]:
    """The error of the majority class, and a warning where no network of the study is better.

    Args:
        record: The study.

    Returns:
        Lines for the screen; none for a study of a version that did not keep this error.
    """
    kept = record.majority
    if kept is None:
        return []
    name = blind_name(multilabel=record.multilabel)
    lines = [f"{name}: {record.metric.words} {majority_text(kept)}; a network has to be better"]
    errors = [trial.mean_val_error for trial in record.front if trial.mean_val_error is not None]
    if errors and min(errors) >= kept["validation"]:
        lines.append(no_better("the front", multilabel=record.multilabel))
    return lines


def no_better(what: str, *, multilabel: bool = False) -> str:
    """A warning that nothing is learnt.

    Args:
        what: The network or networks.
        multilabel: Whether images have several labels.
    """
    blind = "the same scores for all images" if multilabel else "the most common class"
    return (
        f"warning: {what} does not beat always predicting {blind}; "
        "train for more epochs, or look at the images: nas-tc data SPEC --sheet sheet.png"
    )
