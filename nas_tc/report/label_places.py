"""Places of the labels of a plot's points: on no other label or marked point, off its lines."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.font_manager import FontProperties
from numpy.typing import NDArray

_SIZE = 9  # of the font, points
_MARK = 4.0  # half the side of a marked point, points
_GAP = 2.0  # between a point and a label beside it, points
_FURTHER = (0.0, 9.0, 20.0, 32.0, 46.0)  # distances that are tried, points
_LEADER = 9.0  # distance from which a line leads to the point, points
_DOT_BELOW = 10.0  # what a point or a line below a label weighs against distance, points
_SIDES = ((1, 1), (0, 1), (1, 0), (-1, 1), (-1, 0), (0, -1), (1, -1), (-1, -1))

Floats = NDArray[np.float64]
Segment = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Label:
    """A label of a point.

    Attributes:
        text: What it says.
        x: Place of the point, in data.
        y: The same.
        colour: Colour of the text.
        is_above: Whether straight above the point is the best place; otherwise beside and above.
    """

    text: str
    x: float
    y: float
    colour: str
    is_above: bool = False


def draw_labels(
    axes: Axes,
    labels: Sequence[Label],
    others: Sequence[tuple[float, float]],
    lines: Sequence[Segment] = (),
) -> None:
    """Draws labels beside their points; the axes must have their final limits.

    Each label takes the nearest place within the axes where it lies on no other label and on no
    labelled point, and among such the one with the fewest of the other points and lines below it.
    A thin line leads to it from further away.

    Args:
        axes: Axes to draw on.
        labels: Labels with their points.
        others: Points without a label, in data.
        lines: Level or upright lines that are drawn, by their ends in data.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    canvas = FigureCanvasAgg(figure)
    figure.draw_without_rendering()  # the layout is known then
    point = figure.dpi / 72  # pixels
    marks = _pixels(axes, [(label.x, label.y) for label in labels])
    dots = _pixels(axes, others)
    ends = _pixels(axes, [end for line in lines for end in line]).reshape(-1, 2, 2)
    drawn = np.concatenate([ends.min(axis=1) - point, ends.max(axis=1) + point], axis=1)
    inside = np.array(axes.get_window_extent().extents)
    taken = [np.array([*(mark - _MARK * point), *(mark + _MARK * point)]) for mark in marks]
    font = FontProperties(size=_SIZE)
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
    for label, mark in zip(labels, marks, strict=True):
        width, height, _ = renderer.get_text_width_height_descent(label.text, font, ismath=False)
        size = np.array([width, height])
        middle, box, far = min(
            _places(mark, size, point, is_above=label.is_above),
            key=lambda place: _badness(place, taken, dots, drawn, inside),
        )
        taken.append(box)
        axes.annotate(
            label.text,
            (label.x, label.y),
            xytext=tuple((middle - mark) / point),
            textcoords="offset points",
            ha="center",
            va="center",
            color=label.colour,
            fontsize=_SIZE,
            zorder=5,
            parse_math=False,
            arrowprops=(
                {"arrowstyle": "-", "color": label.colour, "linewidth": 0.6, "shrinkB": 4}
                if far >= _LEADER
                else None
            ),
            annotation_clip=False,
        )


def _places(
    mark: Floats, size: Floats, point: float, *, is_above: bool
) -> list[tuple[Floats, Floats, float]]:
    """Middles of a label around its point, the best first, with its box and its distance."""
    found = []
    sides = sorted(_SIDES, key=lambda side: side != (0, 1)) if is_above else _SIDES
    for far in _FURTHER:
        for side in sides:
            away = size / 2 + (_MARK + _GAP) * point
            if 0 not in side:  # further away by itself
                away = size / 2 + _MARK * point
            middle = mark + np.array(side) * (away + far * point)
            found.append((middle, np.array([*(middle - size / 2), *(middle + size / 2)]), far))
    return found


def _badness(
    place: tuple[Floats, Floats, float],
    taken: Sequence[Floats],
    dots: Floats,
    lines: Floats,
    inside: Floats,
) -> tuple[bool, bool, float]:
    """How bad a place is: least first."""
    _, box, far = place
    is_outside = bool((box[:2] < inside[:2]).any() or (box[2:] > inside[2:]).any())
    overlaps = any((box[:2] < other[2:]).all() and (box[2:] > other[:2]).all() for other in taken)
    below = ((dots > box[:2]) & (dots < box[2:])).all(axis=1).sum()
    crossed = ((lines[:, 2:] > box[:2]) & (lines[:, :2] < box[2:])).all(axis=1).sum()
    return overlaps, is_outside, far + _DOT_BELOW * float(below + crossed)


def _pixels(axes: Axes, points: Sequence[tuple[float, float]]) -> Floats:
    if not points:
        return np.zeros((0, 2))
    found: Floats = axes.transData.transform(np.array(points, dtype=np.float64))
    return found
