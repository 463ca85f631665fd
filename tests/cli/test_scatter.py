"""Pictures of characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_tc.cli.scatter import scatter, sparkline

POINTS = st.lists(
    st.tuples(st.floats(1, 1e12), st.floats(0, 1), st.integers(0, 2)), min_size=1, max_size=30
)


@given(POINTS, st.integers(24, 80), st.integers(4, 20), st.booleans())
def test_a_scatter_fits_and_shows_a_mark(points, width, height, ascii_only):
    lines = scatter(points, "abc", width, height, ascii_only=ascii_only)
    assert len(lines) == height
    assert max(map(len, lines)) <= width
    assert max(mark for *_, mark in points) in [("abc").find(c) for c in "".join(lines)]
    assert "".join(lines).isascii() or not ascii_only


def test_better_is_lower_and_costlier_is_right():
    lines = scatter([(1e6, 0.4, 0), (2e6, 0.3, 1), (4e6, 0.2, 2)], "abc", 40, 8)
    where = {mark: (row, line.index(mark)) for row, line in enumerate(lines)
             for mark in "abc" if mark in line}  # fmt: skip
    assert [*sorted(where)] == ["a", "b", "c"]
    assert where["a"] < where["b"] < where["c"]
    assert [column for _, column in sorted(where.values())] == sorted(c for _, c in where.values())
    assert lines[0].startswith("40 % │")
    assert lines[5].startswith("20 % │")
    assert lines[-1].split() == ["1M", "4M"]


def test_the_mark_of_the_front_is_seen_where_networks_meet():
    assert "c" in "".join(scatter([(1, 0.5, 2), (1, 0.5, 0)], "abc", 24, 4))


def test_wide_ranges_are_logarithmic():
    lines = scatter([(1, 0.001, 0), (1000, 0.03, 1), (1e6, 1.0, 2)], "abc", 48, 11)
    (row,) = (number for number, line in enumerate(lines) if "b" in line)
    assert row == 4  # in the middle of nine lines
    assert lines[row].index("b") - lines[-2].index("└") == pytest.approx(20, abs=1)


def test_nothing_is_drawn_of_nothing():
    assert scatter([], "abc", 40, 8) == []


@pytest.mark.parametrize(
    ("values", "line"),
    [([], ""), ([0.0, 0.0], "▁▁"), ([0.8, 0.4, 0.1], "█▅▂"), ([0.5], "█")],
)
def test_a_curve(values, line):
    assert sparkline(values) == line
    assert len(sparkline(values, ascii_only=True)) == len(values)
    assert sparkline(values, ascii_only=True).isascii()
