"""Plot of a Pareto front: validation error in % against a cost."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from math import floor, isfinite, log10
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from nas_tc._files import as_text
from nas_tc._words import short_number
from nas_tc.cost.measures import parse_measure
from nas_tc.report.label_places import Label, Segment, draw_labels
from nas_tc.report.tables import front_of
from nas_tc.study import StudyRecord, TrialRecord, objective

_FRONT = "#0b5fa5"
_OTHER = "#9aa5b1"
_BUDGET = "#c0392b"
_BASELINE = "#d9822b"
_INCHES = (8.0, 5.0)
_MANY = 1000  # trials
_FEW_DECADES = 300  # of the greatest cost to the least: marks between powers of ten have room
_SHORT = FuncFormatter(lambda value, _: short_number(value))


def draw_front(
    record: StudyRecord, path: Path, objectives: Sequence[str] = (), *, also: Sequence[Path] = ()
) -> None:
    """Writes a picture: each complete trial a dot, the front a staircase, the budget a line.

    Each network of the front carries its trial number, baselines are diamonds with a name. With
    more objectives than error and one cost, the front has no staircase, and its colours show the
    second cost.

    Args:
        record: Record of the study.
        path: File to write, PNG or SVG by its ending.
        objectives: "error" and one cost or more; the first cost is the horizontal axis. Without
            any, the study's own.
        also: More files to write.
    """
    names = list(objectives) or list(record.objectives)
    cost, *further = (name for name in names if name != "error")
    figure = Figure(figsize=_INCHES, dpi=150, layout="constrained")
    axes = figure.add_subplot()
    front = front_of(record, objectives)
    on_front = {trial.number for trial in front}
    # As the front, by means: a training that repeats another is no network of its own.
    networks = [trial for trial in record.complete if trial.repeat_of is None]
    others = [trial for trial in networks if trial.number not in on_front]
    dots_of_others = [(_amount(each, cost), 100 * (each.mean_val_error or 0.0)) for each in others]
    axes.scatter(
        [x for x, _ in dots_of_others],
        [error for _, error in dots_of_others],
        s=22,
        color=_OTHER,
        label=f"trained to the end ({len(networks)})",
    )
    limit = budget_limit(record, cost)
    labels, lines = _draw_networks(axes, front, cost, further, limit)
    labels += _draw_baselines(axes, record, cost)
    if limit:
        axes.axvline(
            limit,
            color=_BUDGET,
            linestyle="--",
            linewidth=1.2,
            label=f"budget {record.settings['budget']['expression']}",
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(_SHORT)
    axes.xaxis.set_minor_formatter(FuncFormatter(partial(_between_decades, axes)))
    axes.tick_params(axis="x", which="minor", pad=5.0)  # on a line with those of the longer ticks
    axes.margins(y=0.1)
    axes.set_ylim(bottom=max(0.0, axes.get_ylim()[0]))  # no error is below zero
    axes.set_xlabel(axis_label(cost))
    axes.set_ylabel(f"validation {record.metric.words}, %")
    data = record.settings["data"]
    axes.set_title(
        as_text(f"{record.settings['space']['name']} on {data['name']}: ")
        + f"{data['validation_images']:,} validation images",
        fontsize=11,
        parse_math=False,  # a dollar in a name is no formula
    )
    axes.grid(visible=True, which="major", color="#e5e8eb", linewidth=0.8)
    axes.set_axisbelow(True)
    if limit:
        low, high = axes.get_ylim()
        lines.append(((limit, low), (limit, high)))
    draw_labels(axes, labels, [dot for dot in dots_of_others if isfinite(dot[0])], lines)
    # The best place takes minutes to find among thousands of points; nothing is both dear and bad.
    if len(record.trials) <= _MANY:
        axes.legend(frameon=False, fontsize=9)
    else:
        axes.legend(frameon=False, fontsize=9, loc="upper right")
    for each in (path, *also):
        is_svg = each.suffix == ".svg"
        with rc_context({"svg.hashsalt": "nas-tc"}), _any_legend():  # one study, one file
            figure.savefig(each, metadata={"Date": None} if is_svg else None)


def _staircase(
    costs: Sequence[float], errors: Sequence[float], end: float
) -> list[tuple[float, float]]:
    """Corners of the front: the least error within each cost, up to the end."""
    corners: list[tuple[float, float]] = []
    for cost, error in zip(costs, errors, strict=True):
        corners += [(cost, corners[-1][1])] if corners else []
        corners.append((cost, error))
    return [*corners, (end, errors[-1])]


def _between_decades(axes: Axes, value: float, _: int | None) -> str:
    """The label of a mark between two powers of ten: few powers are within most fronts."""
    low, high = axes.get_xlim()
    if high > _FEW_DECADES * low:
        return ""
    digit = round(value / 10 ** floor(log10(value)))
    return short_number(value) if digit in (2, 5) or high <= 10 * low else ""


@contextmanager
def _any_legend() -> Iterator[None]:
    """Without matplotlib's warning that the legend took long to place: a busy machine is slow."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", 'Creating legend with loc="best"')
        yield


def _draw_networks(
    axes: Axes,
    front: Sequence[TrialRecord],
    cost: str,
    further: Sequence[str],
    limit: float | None,
) -> tuple[list[Label], list[Segment]]:
    """Draws the front, with a staircase or in the colours of a second cost; gives labels, lines."""
    if not front:
        return [], []
    costs = [_amount(trial, cost) for trial in front]
    errors = [100 * (trial.mean_val_error or 0.0) for trial in front]
    labels = [
        Label(str(trial.number), x, error, _FRONT)
        for trial, x, error in zip(front, costs, errors, strict=True)
    ]
    title = f"Pareto front ({len(front)})"
    if further:
        colours = [_amount(trial, further[0]) for trial in front]
        dots = axes.scatter(costs, errors, s=40, c=colours, zorder=3, clip_on=False, label=title)
        axes.figure.colorbar(dots, label=axis_label(further[0]), format=_SHORT)
        return labels, []
    steps = _staircase(costs, errors, limit or costs[-1])  # a budget may leave this cost free
    axes.plot(*zip(*steps, strict=True), color=_FRONT, linewidth=1.5)
    axes.scatter(costs, errors, s=40, color=_FRONT, zorder=3, clip_on=False, label=title)
    return labels, list(pairwise(steps))


def _draw_baselines(axes: Axes, record: StudyRecord, cost: str) -> list[Label]:
    """Draws a diamond for each, what the search has to beat; gives their labels."""
    drawn = [
        (x, 100 * (trial.mean_val_error or 0.0), trial.baseline or "")
        for trial in record.baselines
        if isfinite(x := _amount(trial, cost))
    ]
    if not drawn:
        return []
    axes.scatter(
        [x for x, _, _ in drawn],
        [error for _, error, _ in drawn],
        s=48,
        marker="D",
        facecolors="none",
        edgecolors=_BASELINE,
        linewidths=1.6,
        zorder=4,
        clip_on=False,  # an error of 0 lies on the axis
        label=f"baselines ({len(drawn)})",
    )
    return [Label(name, x, error, _BASELINE, is_above=True) for x, error, name in drawn]


def _amount(trial: TrialRecord, cost: str) -> float:
    """Cost of a trial in its unit; NaN, which is not drawn, where it was not recorded."""
    found = objective(trial, cost)
    return float("nan") if found is None else found


def axis_label(cost: str) -> str:
    """Label of a cost's axis, with the unit."""
    measure, batch = parse_measure(cost)
    if batch is None and not measure.is_timed:
        batch = 1
    return measure.axis_label(batch)


def budget_limit(record: StudyRecord, cost: str) -> float | None:
    """Upper limit of the budget on a cost; None without one, or if it is a ratio to a reference."""
    budget = record.settings["budget"]
    if cost == "complexity":
        return None if budget["complexity"] is None else float(budget["complexity"])
    measure, batch = parse_measure(cost)
    name = measure.at_batch(batch)
    if measure.is_timed:
        limits = [
            each["most"]
            for each in budget.get("times", ())
            if each["name"] == name and each["reference"] is None
        ]
    else:
        limits = [
            each["most"]
            for each in budget.get("limits", ())
            if each["measure"] == measure.name and each["batch"] == (batch or 1)
        ]
    return min(map(float, limits), default=None)
