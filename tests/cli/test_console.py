"""Text on the screen: as it is, whatever it holds."""

import pytest

from nas_tc.cli.console import console, images_text, new_table, parse_shape, percent, shape_text
from nas_tc.errors import NasTcError

ODD = "[red]cat[/red] [/] :cat: 12 \\[x]"


def test_text_is_printed_as_it_is(capsys):
    console().print(ODD)
    assert capsys.readouterr().out == f"{ODD}\n"


def test_cells_headings_and_titles_are_printed_as_they_are(capsys):
    table = new_table((f"h {ODD}", False), ("number", True), title=f"t {ODD}")
    table.add_row(f"c {ODD}", "[1]")
    console().print(table)
    out = capsys.readouterr().out
    assert all(f"{place} {ODD}" in out for place in "hct")
    assert "[1]" in out


def test_a_line_in_a_file_is_not_broken(capsys):
    line = "(3,16) + " * 100
    console().print(line)
    assert capsys.readouterr().out == f"{line}\n"


def test_shapes_both_ways():
    assert shape_text(parse_shape(" 3x32×64 ")) == "3x32x64"
    for text in ("", "32", "3x32", "3x32x32x1", "-3x32x32", "3x32x1e3", "3x32x1234567"):
        with pytest.raises(NasTcError, match="write channels, height and width"):
            parse_shape(text)


def test_figures_in_words():
    assert (percent(0.0139), percent(None)) == ("1.39 %", "-")
    assert (images_text(1), images_text(1200)) == ("1 image", "1,200 images")
