"""Tables as CSV files that spreadsheets read as they are."""

from pathlib import Path

import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet begins to compute at


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
