"""Marks of the picture of a front."""

import pytest
from matplotlib.figure import Figure

from nas_tc.report.plot import _between_decades


@pytest.mark.parametrize(
    ("ends", "marks"),
    [
        ((3e5, 2e7), {5e5: "500k", 2e6: "2M", 3e6: "", 8e6: ""}),  # two powers of ten are too few
        ((4e6, 7e6), {5e6: "5M", 6e6: "6M"}),  # none is within
        ((0.4, 3.0), {0.5: "0.5", 2.0: "2"}),
        ((1e3, 1e7), {5e3: "", 2e6: ""}),
    ],
)
def test_marks_between_powers_of_ten(ends, marks):
    axes = Figure().subplots()
    axes.set_xlim(ends)
    assert {mark: _between_decades(axes, mark, None) for mark in marks} == marks
