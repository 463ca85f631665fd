"""`nas-tc zoo`: its list, and the paper's tables beside our figures."""

import json

import pytest

from nas_tc.zoo import TABLES, ZOO


def test_zoo_as_json_lists_every_network(nas_tc):
    code, out, _ = nas_tc("zoo", "--json")
    found = json.loads(out)
    assert code == 0
    assert [each["name"] for each in found] == list(ZOO)
    for each in found:
        assert {"name", "input", "complexity", "macs", "params", "source"} <= set(each)
        assert each["macs"] > each["complexity"] > 0
    by_name = {each["name"]: each for each in found}
    assert by_name["vgg16"]["params"] == 138_357_544
    assert by_name["J"]["complexity"] == 829_493_952


def test_zoo_as_a_table(nas_tc):
    code, out, _ = nas_tc("zoo")
    assert code == 0
    assert all(f" {name} " in f" {out} ".replace("\n", " ") for name in ZOO)


@pytest.mark.parametrize("number", TABLES)
def test_tables_side_by_side(nas_tc, number):
    code, out, _ = nas_tc("zoo", "--table", str(number))
    assert code == 0
    assert all(row.name in out for row in TABLES[number].rows)
    rows = json.loads(nas_tc("zoo", "--table", str(number), "--json")[1])
    assert [row["printed_complexity"] for row in rows] == [
        row.complexity for row in TABLES[number].rows
    ]


def test_table_1_shows_where_it_differs(nas_tc):
    _, out, _ = nas_tc("zoo", "--table", "1")
    (row,) = [line for line in out.splitlines() if line.split()[:1] == ["J"]]
    assert row.split()[-3:] == ["0.98", "0.9702", "-1.0%"]


def test_a_table_that_is_not_there(nas_tc):
    code, _, err = nas_tc("zoo", "--table", "7")
    assert (code, err.count("\n")) == (2, 1)
    assert "unknown table '7'; known: 1, 2, 3, 4, 5, 6" in err
