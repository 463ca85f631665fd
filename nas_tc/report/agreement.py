"""Plot of predicted against measured times, which shows the error of a layer time table."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from nas_tc.errors import TableError

_TABLE, _FORMULA, _LINE = "#0b5fa5", "#c98a1b", "#5d6873"


def draw_agreement(
    measured_ms: Sequence[float],
    table_ms: Sequence[float],
    formula_ms: Sequence[float],
    path: Path,
    title: str,
) -> None:
    """Writes a PNG with two dots for each network: by the table and by Eqn. (1).

    A line marks equal times, and a band 10 % around them.

    Args:
        measured_ms: Measured times, milliseconds.
        table_ms: Times that the table predicts, milliseconds.
        formula_ms: Times in proportion to the multiply-adds of Eqn. (1), milliseconds.
        path: PNG file to write.
        title: Title of the picture.

    Raises:
        TableError: The folder cannot be written.
    """
    figure = Figure(figsize=(6.5, 6.0), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    axes.scatter(
        measured_ms, formula_ms, s=26, marker="x", linewidth=1.2, color=_FORMULA, label="Eqn. (1)"
    )
    axes.scatter(measured_ms, table_ms, s=26, color=_TABLE, label="layer time table", zorder=3)
    every = [*measured_ms, *table_ms, *formula_ms]
    ends = [min(every) / 1.15, max(every) * 1.15]
    axes.plot(ends, ends, color=_LINE, linewidth=1.0)
    axes.fill_between(
        ends, [0.9 * e for e in ends], [1.1 * e for e in ends], color="#e5e8eb", label="10 %"
    )
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("measured, ms")
    axes.set_ylabel("predicted, ms")
    axes.set_title(title, fontsize=11)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=9)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    except OSError as error:
        raise TableError(f"cannot write the picture {str(path)!r}: {error.strerror}") from None
