"""Names of columns that say by which metric errors are."""

from nas_tc.metric import Metric


def in_metric(column: str, metric: Metric) -> str:
    """The name of a column: "val_error" is "val_balanced_error" by the balanced error.

    Args:
        column: Name with "val_error" or "test_error" in it, or any other.
        metric: Metric of the errors.
    """
    for split in ("val", "test"):
        column = column.replace(f"{split}_error", f"{split}_{metric.value}")
    return column
