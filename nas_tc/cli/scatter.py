"""Pictures of characters: the front as a scatter, and a learning curve."""

from collections.abc import Sequence
from math import log

from nas_tc._words import short_number

_LEVELS = "▁▂▃▄▅▆▇█"
_ASCII_LEVELS = "_.-=+*#@"
_WIDE = 5.0  # an axis is logarithmic where its ends differ by this factor

Point = tuple[float, float, int]  # cost, error, and index of its mark


def sparkline(values: Sequence[float], *, ascii_only: bool = False) -> str:
    """A curve in a character a value; the highest level is the largest value.

    Args:
        values: Values of 0 or more, in their order.
        ascii_only: Whether the screen has ASCII characters alone.
    """
    levels = _ASCII_LEVELS if ascii_only else _LEVELS
    most = max(values, default=0.0)
    if most <= 0:
        return levels[0] * len(values)
    return "".join(levels[round(value / most * (len(levels) - 1))] for value in values)


def scatter(
    points: Sequence[Point], marks: str, width: int, height: int, *, ascii_only: bool = False
) -> list[str]:
    """A scatter of errors against costs, with its axes, as lines of characters.

    Args:
        points: Cost, error (0 to 1) and index of the mark of each network. Where two meet, the mark
            with the greater index is seen.
        marks: The marks.
        width: Characters of a line, 24 at least.
        height: Number of lines, 4 at least.
        ascii_only: Whether the screen has ASCII characters alone.

    Returns:
        The lines, none where there are no points.
    """
    if not points:
        return []
    costs, errors = [point[0] for point in points], [point[1] for point in points]
    side = [f"{100 * error:.3g} %" for error in (max(errors), min(errors))]
    margin = max(map(len, side))
    columns, rows = width - margin - 2, height - 2
    across, down = _scale(costs, columns), _scale(errors, rows)
    grid = [[" "] * columns for _ in range(rows)]
    for cost, error, mark in sorted(points, key=lambda point: point[2]):
        grid[rows - 1 - down(error)][across(cost)] = marks[mark]
    wall, floor, corner = ("|", "-", "+") if ascii_only else ("│", "─", "└")
    labels = [side[0], *[""] * (rows - 2), side[1]] if rows > 1 else side[:1]
    lines = [
        f"{label:>{margin}} {wall}{''.join(row).rstrip()}"
        for label, row in zip(labels, grid, strict=True)
    ]
    least, most = short_number(min(costs)), short_number(max(costs))
    lines.append(f"{'':{margin}} {corner}{floor * columns}")
    lines.append(f"{'':{margin}}  {least}{most:>{columns - len(least)}}")
    return lines


def _scale(values: Sequence[float], places: int) -> "_Scale":
    least, most = min(values), max(values)
    positive = [value for value in values if value > 0]
    if positive and most >= _WIDE * min(positive):
        return _Scale(min(positive), most, places, is_log=True)
    return _Scale(least, most, places, is_log=False)


class _Scale:
    """Places of values along an axis.

    Args:
        least: Value of the first place.
        most: Value of the last place.
        places: Number of places.
        is_log: Whether equal factors, not equal differences, are equally far apart.
    """

    def __init__(self, least: float, most: float, places: int, *, is_log: bool) -> None:
        self._least = log(least) if is_log else least
        self._most = log(most) if is_log else most
        self._floor = least
        self._last = places - 1
        self._is_log = is_log

    def __call__(self, value: float) -> int:
        """Place of a value, 0 for the least one and below."""
        if self._most <= self._least:
            return self._last // 2
        at = log(max(value, self._floor)) if self._is_log else value
        return round((at - self._least) / (self._most - self._least) * self._last)
