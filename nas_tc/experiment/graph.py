"""The relation graph: networks as boxes, replacements as arrows with their effects."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nas_tc.experiment.graph_layout import Layout, Place, layout
from nas_tc.experiment.outcome import Outcome
from nas_tc.experiment.relations import Relation
from nas_tc.experiment.statistics import Difference

_BETTER, _WORSE, _OPEN = "#1d7a46", "#c0392b", "#6b7683"
_INK, _PALE = "#1f2933", "#eef3f8"
_COLUMN_INCHES, _ROW_INCHES = 3.7, 1.15
_HALF_BOX = 0.14  # of a box's width, columns
_WRAP = 34  # characters of a label


def draw_relations(outcome: Outcome, *paths: Path) -> bool:
    """Writes the graph to each of `paths`, by their endings: SVG, PNG.

    An arrow is green where the second network has the lower test error with its whole 95 %
    interval, red where the first has, and grey where neither can be told.

    Args:
        outcome: Outcome of the experiment.
        *paths: Files to write.

    Returns:
        Whether there is anything to draw: no two networks may be related.
    """
    if not outcome.relations:
        return False
    found = layout([each.name for each in outcome.entrants], outcome.relations)
    size = (_COLUMN_INCHES * found.columns, _ROW_INCHES * max(found.rows, 2) + 0.9)
    figure = Figure(figsize=size, dpi=150, layout="constrained")
    axes = figure.add_subplot()
    for step, route in zip(outcome.relations, found.routes, strict=True):
        _arrow(axes, step, route, outcome.difference(step.second, step.first))
    for each in outcome.entrants:
        if each.name in found.networks:
            spread = outcome.spread(each.name)
            error = "not trained yet" if spread is None else str(spread)
            _box(axes, found.networks[each.name], each.name, each.architecture.depth, error)
    _frame(axes, found)
    axes.set_title(
        f"{outcome.experiment.title}\ntest error, and its change by each step in points: green is "
        "better, red worse, grey cannot be told",
        fontsize=9,
    )
    for path in paths:
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    return True


def _frame(axes: Axes, found: Layout) -> None:
    """Limits of the axes, with the first row on top."""
    middle = max(found.rows, 2) / 2
    axes.set_xlim(-0.3, found.columns - 0.7)
    axes.set_ylim(middle, -middle)
    axes.axis("off")


def _arrow(axes: Axes, step: Relation, route: Sequence[Place], effect: Difference | None) -> None:
    """An arrow along a route, and in its middle the step and its effect."""
    colour = _OPEN
    if effect is not None and effect.low is not None and effect.high is not None:
        colour = _BETTER if effect.high < 0 else _WORSE if effect.low > 0 else _OPEN
    side = _HALF_BOX if route[0][0] < route[-1][0] else -_HALF_BOX
    (x0, y0), *between, (x1, y1) = route
    points = [(x0 + side, y0), *between, (x1 - side, y1)]
    if len(points) > 2:
        axes.plot(*zip(*points[:-1], strict=True), color=colour, linewidth=1.5, zorder=1)
    arrow = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", points[-1], points[-2], arrowprops=arrow)
    text = fill(f"{step.kind}: {step.change}", _WRAP)
    if effect is not None:
        text += f"\n{effect}"
    if between:
        x, y = between[len(between) // 2]
    else:
        x, y = (points[0][0] + points[1][0]) / 2, (y0 + y1) / 2
    axes.text(
        x,
        y,
        text,
        ha="center",
        va="center",
        fontsize=7,
        color=colour,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        zorder=3,
    )


def _box(axes: Axes, place: Place, name: str, depth: int, error: str) -> None:
    axes.text(
        *place,
        f"{name}\nd = {depth}\n{error}",
        ha="center",
        va="center",
        fontsize=8,
        color=_INK,
        bbox={"boxstyle": "round,pad=0.4", "facecolor": _PALE, "edgecolor": _INK, "linewidth": 0.8},
        zorder=4,
    )
