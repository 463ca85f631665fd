"""Tables as CSV files, and names of columns that say by which metric errors are."""

from pathlib import Path

import pandas as pd

from nas_tc.metric import Metric

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet begins to compute at


def in_metric(column: str, metric: Metric) -> str:
    """The name of a column: "val_error" is "val_balanced_error" by the balanced error.

    Args:
        column: Name with "val_error" or "test_error" in it, or any other.
        metric: Metric of the errors.
    """
    for split in ("val", "test"):
        column = column.replace(f"{split}_error", f"{split}_{metric.value}")
    return column


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Writes a table as CSV, in which no text is a formula to a spreadsheet.

    A name that begins with =, +, - or @, such as that of a class, gets an apostrophe before it,
    unless it is a number.

    Args:
        table: Table to write.
        path: File to write.

    Raises:
        OSError: The file cannot be written.
    """
    table = table.rename(columns=_harmless)
    for name, kind in table.dtypes.items():
        if not pd.api.types.is_numeric_dtype(kind):
            table[name] = table[name].map(_harmless)
    table.to_csv(path, index=False)


def _harmless(value: object) -> object:
    if not isinstance(value, str) or not value.startswith(_FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value
