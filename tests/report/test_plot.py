"""Marks of the picture of a front."""

import pytest
from matplotlib.figure import Figure

from nas_tc.report.plot import _between_decades, _staircase, draw_front


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


def test_the_staircase_goes_down_at_each_cost_and_on_to_the_budget():
    assert _staircase([1.0, 2.0, 4.0], [30.0, 20.0, 10.0], 8.0) == [
        (1.0, 30.0), (2.0, 30.0), (2.0, 20.0), (4.0, 20.0), (4.0, 10.0), (8.0, 10.0)
    ]  # fmt: skip
    assert _staircase([1.0], [30.0], 1.0) == [(1.0, 30.0), (1.0, 30.0)]


def test_the_axis_of_errors_fits_what_was_trained(record, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "nas_tc.report.plot.draw_labels", lambda axes, *_: seen.append(axes.get_ylim())
    )
    draw_front(record, tmp_path / "front.png")
    ((low, high),) = seen
    errors = [100 * (each.mean_val_error or 0.0) for each in record.complete]
    errors += [100 * (each.mean_val_error or 0.0) for each in record.baselines]
    spread = max(errors) - min(errors)
    assert max(0.0, min(errors) - 0.2 * spread) <= low <= min(errors)
    assert max(errors) <= high <= max(errors) + 0.2 * spread
