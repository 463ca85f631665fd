"""How a network does on each class, as a section of the model card."""

from collections.abc import Sequence
from math import isnan

from nas_tc.export.markdown import plain_text
from nas_tc.metric import AnyConfusion, MultilabelConfusion

_CLASSES_LISTED = 30  # rows of the table: the worst


def class_table(confusion: AnyConfusion | None, classes: Sequence[str]) -> list[str]:
    """Lines of the section, the worst class first; none without a confusion matrix.

    Args:
        confusion: What the network called the test images.
        classes: Names of the classes.
    """
    if confusion is None:
        return []
    if isinstance(confusion, MultilabelConfusion):
        return _by_label(confusion, classes)
    rows = [
        (error, [plain_text(name), f"{count:,}", f"{error:.2%}", _share(precision)])
        for error, name, count, precision in zip(
            confusion.class_errors.tolist(),
            classes,
            confusion.images_of.tolist(),
            confusion.precisions.tolist(),
            strict=True,
        )
        if count
    ]
    return [
        "## By class",
        "",
        "On the test images, the worst first: the error, and the precision (the share of what is "
        "called so",
        "that is so).",
        "",
        "| class | test images | error | precision |",
        "|---|---|---|---|",
        *_listed([cells for _, cells in sorted(rows, key=lambda row: -row[0])], "lower errors"),
    ]


def _by_label(confusion: MultilabelConfusion, classes: Sequence[str]) -> list[str]:
    """`class_table` where images have several labels."""
    columns = (
        confusion.average_precision_of,
        confusion.precisions,
        confusion.recalls,
        confusion.images_of,
    )
    rows = [
        (average, [plain_text(name), f"{count:,}", *map(_share, (average, precision, recall))])
        for name, average, precision, recall, count in zip(
            classes, *(column.tolist() for column in columns), strict=True
        )
        if count
    ]
    return [
        "## By class",
        "",
        "On the test images, the worst first: the average precision, and at a threshold of 0.5 the "
        "precision (the",
        "share of what is called so that is so) and the recall (the share of its images that are "
        "called so).",
        "",
        "| class | test images | average precision | precision | recall |",
        "|---|---|---|---|---|",
        *_listed([cells for _, cells in sorted(rows, key=lambda row: row[0])], "higher ones"),
    ]


def _share(value: float) -> str:
    """A share in per cent; a dash where there is none, as for a class that was never named."""
    return "-" if isnan(value) else f"{value:.2%}"


def _listed(rows: Sequence[Sequence[str]], others: str) -> list[str]:
    """Rows of the table, and a line on those that it leaves out.

    Args:
        rows: Cells of each class, the worst first.
        others: What the classes have that are left out.
    """
    lines = [f"| {' | '.join(cells)} |" for cells in rows[:_CLASSES_LISTED]]
    more = len(rows) - _CLASSES_LISTED
    return lines + ([f"\n{more:,} more classes have {others}."] if more > 0 else [])
