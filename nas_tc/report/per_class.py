"""Errors by class and confusion matrices on the test images, as tables and in a few words."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from nas_tc.metric import AnyConfusion, MultilabelConfusion
from nas_tc.study import StudyRecord

_WORST = 3  # classes that a line names
_CLASS_COLUMNS = ("class", "images", "error", "precision", "f1")
_CELL_COLUMNS = ("true", "predicted", "images")
_LABEL_COLUMNS = ("class", "images", "average_precision", "precision", "recall", "f1")
_LABEL_CELLS = ("true_negatives", "false_positives", "false_negatives", "true_positives")


def class_table(confusion: AnyConfusion, classes: Sequence[str]) -> pd.DataFrame:
    """A row a class, in the order of the labels.

    Columns: class, its name; images, of this class; error, the share of them that is
    misclassified; precision, the share of what was predicted as this class that is of it; f1, the
    harmonic mean of precision and 1 - error. Errors are 0 to 1; what has no value is empty.

    Where images have several labels: class; images, those that have it; average_precision; and at a
    probability of one half precision, recall and f1.

    Args:
        confusion: Confusion matrix of a network.
        classes: Names of the classes.
    """
    if isinstance(confusion, MultilabelConfusion):
        of_labels = (
            list(classes),
            confusion.images_of,
            confusion.average_precision_of.round(6),
            confusion.precisions.round(6),
            confusion.recalls.round(6),
            confusion.f1_scores.round(6),
        )
        return pd.DataFrame(dict(zip(_LABEL_COLUMNS, of_labels, strict=True)))
    columns = (
        list(classes),
        confusion.images_of,
        confusion.class_errors.round(6),
        confusion.precisions.round(6),
        confusion.f1_scores.round(6),
    )
    return pd.DataFrame(dict(zip(_CLASS_COLUMNS, columns, strict=True)))


def confusion_table(confusion: AnyConfusion, classes: Sequence[str]) -> pd.DataFrame:
    """A row for each pair of class and prediction that occurs.

    Columns: true and predicted, names of classes; images, their number. Where images have several
    labels, a row a class: true_negatives, false_positives, false_negatives and true_positives.

    Args:
        confusion: Confusion matrix of a network.
        classes: Names of the classes.
    """
    if isinstance(confusion, MultilabelConfusion):
        table = pd.DataFrame(list(confusion.cells), columns=list(_LABEL_CELLS))
        table.insert(0, "class", list(classes))
        return table
    cells = [(classes[true], classes[said], count) for true, said, count in confusion.cells]
    return pd.DataFrame(cells, columns=list(_CELL_COLUMNS))


def study_tables(record: StudyRecord) -> dict[str, pd.DataFrame]:
    """The tables of all networks that were tested, by file name; the first column is the trial.

    Args:
        record: Record of the study.

    Returns:
        Both tables; none if no network was tested, or by a version that kept the error alone.
    """
    classes = record.settings["data"]["classes"]
    tested = [(trial.number, trial.confusion) for trial in record.shown if trial.confusion]
    if not tested:
        return {}
    tables = {"per_class.csv": class_table, "confusion.csv": confusion_table}
    return {
        name: _joined((number, table(confusion, classes)) for number, confusion in tested)
        for name, table in tables.items()
    }


def worst_classes(confusion: AnyConfusion, classes: Sequence[str]) -> str:
    """The classes with the highest errors and the commonest confusion, in a line.

    Args:
        confusion: Confusion matrix of a network.
        classes: Names of the classes.
    """
    if isinstance(confusion, MultilabelConfusion):
        return _worst_labels(confusion, classes)
    errors = np.nan_to_num(confusion.class_errors)
    order = np.argsort(-errors, kind="stable")
    worst = [f"{classes[at]} {errors[at]:.2%}".replace("%", " %") for at in order if errors[at]]
    if not worst:
        return "worst classes: none has an error"
    text = f"worst classes: {', '.join(worst[:_WORST])}"
    wrong = [cell for cell in confusion.cells if cell[0] != cell[1]]
    true, predicted, count = max(wrong, key=lambda cell: cell[2])
    return f"{text}; {classes[true]} was most often taken for {classes[predicted]} ({count:,}x)"


def _worst_labels(confusion: MultilabelConfusion, classes: Sequence[str]) -> str:
    """`worst_classes` where images have several labels."""
    precisions = confusion.average_precision_of
    order = [at for at in np.argsort(precisions, kind="stable") if np.isfinite(precisions[at])]
    worst = [f"{classes[at]} {precisions[at] * 100:.2f} %" for at in order[:_WORST]]
    text = f"least average precision: {', '.join(worst)}"
    false, missed = (np.array([cell[at] for cell in confusion.cells]) for at in (1, 2))
    parts = [
        f"{classes[int(counts.argmax())]} was most often {how} ({counts.max():,}x)"
        for counts, how in ((missed, "missed"), (false, "seen where it is not"))
        if counts.any()
    ]
    return "; ".join([text, ", ".join(parts)] if parts else [text])


def _joined(tables: Iterable[tuple[int, pd.DataFrame]]) -> pd.DataFrame:
    parts = []
    for number, table in tables:
        table.insert(0, "trial", number)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)
