"""CSV files whose texts no spreadsheet computes."""

import pandas as pd
import pytest

from nas_tc.report import write_csv


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("=1+1", "'=1+1"),
        ('=HYPERLINK("http://x","y")', '\'=HYPERLINK("http://x","y")'),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-cat", "'-cat"),
        ("@sum", "'@sum"),
        ("\t=1", "'\t=1"),
        ("-1", "-1"),
        ("+2.5", "+2.5"),
        ("cat", "cat"),
        ("a=b", "a=b"),
    ],
)
def test_a_name_is_no_formula(tmp_path, name, written):
    path = tmp_path / "t.csv"
    write_csv(pd.DataFrame({"class": [name, "dog"], name: [-1.5, 2.0]}), path)
    table = pd.read_csv(path, dtype={"class": str})
    assert list(table.columns) == ["class", written]
    assert list(table["class"]) == [written, "dog"]
    assert list(table[written]) == [-1.5, 2.0]


def test_numbers_and_missing_values_are_as_before(tmp_path):
    table = pd.DataFrame({"a": [1, -2], "b": [None, "x"], "c": [0.25, float("nan")]})
    write_csv(table, tmp_path / "ours.csv")
    table.to_csv(tmp_path / "pandas.csv", index=False)
    assert (tmp_path / "ours.csv").read_bytes() == (tmp_path / "pandas.csv").read_bytes()
