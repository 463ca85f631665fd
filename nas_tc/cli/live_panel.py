"""What a terminal shows of a running search: counts, the front, what each worker trains."""

import time
from typing import TYPE_CHECKING

from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nas_tc._words import duration
from nas_tc.cli.console import percent
from nas_tc.cli.scatter import Point, scatter, sparkline
from nas_tc.cost.measures import parse_measure

if TYPE_CHECKING:
    from rich.console import RenderableType

    from nas_tc.search import Progress, RunningTrial

_MARKS = "·▲●"  # others, known networks, the front
_ASCII_MARKS = ".^o"
_LEAST_WIDTH = 72  # of a panel with a scatter
_LEAST_HEIGHT = 18  # of a screen with one
_LINES = 10  # of a scatter
_BAR = 20  # characters of the bar


def panel(
    progress: "Progress",
    elapsed_s: float,
    age_s: float,
    width: int,
    height: int,
    *,
    ascii_only: bool = False,
) -> "list[RenderableType]":
    """The lines of the panel, each at most as wide as the screen.

    Args:
        progress: Progress of the search.
        elapsed_s: Seconds since it began.
        age_s: Seconds since the progress was told.
        width: Characters of a line of the screen.
        height: Lines of the screen; half of them are left to what ends.
        ascii_only: Whether the screen has ASCII characters alone.
    """
    left_s = None if progress.left_s is None else max(0.0, progress.left_s - age_s)
    lines: list[RenderableType] = [_head(progress, elapsed_s, left_s, width)]
    room = height // 2 - 1
    if room >= 2:
        lines.append(_cropped(_counts(progress), width, ascii_only))
        room -= 1
    if width < _LEAST_WIDTH or height < _LEAST_HEIGHT or not progress.trained:
        rows = _workers(progress, width, max(0, room), ascii_only=ascii_only)
        return [*lines, *rows]
    across = min(max(2 * width // 5, 36), 60)
    drawn = scatter(
        _points(progress),
        _ASCII_MARKS if ascii_only else _MARKS,
        across,
        min(_LINES, room - 1),
        ascii_only=ascii_only,
    )
    drawn.append(_legend(progress, across, ascii_only=ascii_only))
    rows = _workers(progress, width - across - 2, len(drawn), ascii_only=ascii_only)
    rows += [Text()] * (len(drawn) - len(rows))
    for left, right in zip(drawn, rows, strict=True):
        picture = Text(f"{left:{across}}  ")
        if not ascii_only:  # where a letter may be a mark or not
            picture.highlight_words(_MARKS[2], "bold green")
            picture.highlight_words(_MARKS[1], "yellow")
        lines.append(Text.assemble(picture, right, no_wrap=True, overflow="crop"))
    return lines


def _head(
    progress: "Progress", elapsed_s: float, left_s: float | None, width: int
) -> "RenderableType":
    """The bar, with the trials so far and the time that is left."""
    if progress.goal is not None:
        text = f"{progress.done}/{progress.goal} trials"
        total, completed = float(progress.goal), float(progress.done)
    else:
        text = f"{progress.done} trials"
        total = elapsed_s + (left_s or 0.0)
        completed = elapsed_s if left_s else 0.0
    text += f", {duration(elapsed_s)}"
    if left_s is not None:
        text += f", about {duration(_rounded(left_s))} left"
    if width < len(text) + 8:
        return Text(text, no_wrap=True, overflow="ellipsis")
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=min(_BAR, width - len(text) - 2))
    grid.add_column(no_wrap=True, overflow="ellipsis")
    grid.add_row(ProgressBar(total=max(total, 1e-9), completed=min(completed, total)), text)
    return grid


def _rounded(seconds: float) -> float:
    """Seconds to about a tenth, as an estimate is: 8, 50, 140, 1500."""
    for most, step in ((20, 1), (120, 5), (600, 10), (3600, 60), (36_000, 300)):
        if seconds < most:
            return max(step, round(seconds / step) * step)
    return round(seconds / 1800) * 1800


def _short(seconds: float) -> str:
    """Seconds in a column of six characters: "61 s", "12 min", "3 h"."""
    for most, size, unit in ((100, 1, "s"), (6000, 60, "min")):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 3600:.0f} h"


def _counts(progress: "Progress") -> str:
    """Counts of trials, the speed and the lowest validation error, in one line."""
    parts = [f"{progress.done - progress.pruned} finished", f"{progress.pruned} pruned"]
    if progress.rejected:
        parts.append(f"{progress.rejected} rejected")
    if progress.failed:
        parts.append(f"{progress.failed} failed")
    if progress.images_per_s is not None:
        parts.append(f"{progress.images_per_s:,.0f} images/s")
    if progress.best is not None:
        best = percent(progress.best.mean_val_error)
        parts.append(f"best val. {progress.metric.words} {best}")
    return ", ".join(parts)


def _points(progress: "Progress") -> list[Point]:
    """The networks that are trained to the end; the index is that of their mark."""
    from nas_tc.study import objective  # noqa: PLC0415

    front = {trial.number for trial in progress.front}
    points = []
    for trial in progress.trained:
        # A network that was trained again has one point, its mean.
        cost, error = objective(trial, progress.cost), objective(trial, "error")
        if cost is not None and error is not None:
            mark = 2 if trial.number in front else int(trial.baseline is not None)
            points.append((float(cost), error, mark))
    return points


def _legend(progress: "Progress", width: int, *, ascii_only: bool) -> str:
    marks = _ASCII_MARKS if ascii_only else _MARKS
    unit = parse_measure(progress.cost)[0].quantity.unit
    what = progress.cost if progress.cost != "complexity" else "multiply-adds"
    axis = f"{what}, {unit}" if unit == "ms" else what
    parts = [f"{marks[2]} front", f"{marks[0]} others"]
    if any(trial.baseline for trial in progress.trained):
        parts.append(f"{marks[1]} known")
    text = f"{'  '.join(parts)}  ({axis})"
    return text if len(text) <= width else "  ".join(parts)[:width]


def _workers(progress: "Progress", width: int, lines: int, *, ascii_only: bool) -> list[Text]:
    """A line for each network that a worker has, as many as there is room for."""
    trials, more = progress.trials, 0
    if not trials and progress.goal is not None and progress.done >= progress.goal:
        return [_cropped("the front is timed and tested", width, ascii_only)][:lines]
    if len(trials) > lines:
        trials = trials[: max(0, lines - 1)]
        more = len(progress.trials) - len(trials)
    now = time.monotonic()
    rows = [
        _cropped(_worker(each, progress, now, ascii_only=ascii_only), width, ascii_only)
        for each in trials
    ]
    if more and lines:
        rows.append(_cropped(f"and {more} more", width, ascii_only))
    return rows


def _worker(trial: "RunningTrial", progress: "Progress", now: float, *, ascii_only: bool) -> str:
    from nas_tc.architecture import format_notation  # noqa: PLC0415

    spent = _short(now - trial.began_s)
    name = f"trial {trial.number}" if trial.baseline is None else trial.baseline
    if trial.is_timed:
        state = "is timed"
    elif trial.val_errors:
        errors = list(trial.val_errors.values())
        curve = sparkline(errors, ascii_only=ascii_only)
        state = f"{max(trial.val_errors)}/{progress.epochs} {curve} {percent(errors[-1])}"
    else:
        state = f"0/{progress.epochs}"
    return f"{name:9} {state:19} {spent:>6}  {format_notation(trial.network.stages)}"


def _cropped(text: str, width: int, ascii_only: bool) -> Text:
    """A text of one line that ends with an ellipsis where it is too long."""
    if len(text) > width:
        text = f"{text[: max(0, width - 3)]}..." if ascii_only else f"{text[: max(0, width - 1)]}…"
    return Text(text[:width], no_wrap=True)
