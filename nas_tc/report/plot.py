"""The picture of a front: error against complexity."""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from nas_tc.search import StudyRecord

_FRONT = "#0b5fa5"
_OTHER = "#9aa5b1"
_BUDGET = "#c0392b"
_INCHES = (8.0, 5.0)


def draw_front(record: StudyRecord, path: Path) -> None:
    """Writes a PNG: each complete trial a dot, the front a staircase, the budget a line.

    Each network of the front carries its trial number.
    """
    figure = Figure(figsize=_INCHES, dpi=150, layout="constrained")
    axes = figure.add_subplot()
    front = record.front
    on_front = {trial.number for trial in front}
    others = [trial for trial in record.complete if trial.number not in on_front]
    axes.scatter(
        [trial.complexity for trial in others],
        [100 * (trial.val_error or 0.0) for trial in others],
        s=22,
        color=_OTHER,
        label=f"trained to the end ({len(record.complete)})",
    )
    limit = record.settings["budget"]["complexity"]
    if front:
        costs = [trial.complexity for trial in front]
        errors = [100 * (trial.val_error or 0.0) for trial in front]
        end = limit or costs[-1]  # a budget may leave the complexity free
        axes.step([*costs, end], [*errors, errors[-1]], where="post", color=_FRONT, linewidth=1.5)
        axes.scatter(
            costs, errors, s=40, color=_FRONT, zorder=3, label=f"Pareto front ({len(front)})"
        )
        for trial, cost, error in zip(front, costs, errors, strict=True):
            axes.annotate(
                str(trial.number),
                (cost, error),
                textcoords="offset points",
                xytext=(5, 5),
                color=_FRONT,
                fontsize=9,
            )
    if limit:
        axes.axvline(
            limit,
            color=_BUDGET,
            linestyle="--",
            linewidth=1.2,
            label=f"budget {record.settings['budget']['expression']}",
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(bottom=0)
    axes.set_xlabel("multiply-adds of the convolutions, one image")
    axes.set_ylabel("validation error, %")
    data = record.settings["data"]
    axes.set_title(
        f"{record.settings['space']['name']} on {data['name']}: "
        f"{data['validation_images']:,} validation images",
        fontsize=11,
    )
    axes.grid(visible=True, which="major", color="#e5e8eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=9)
    figure.savefig(path)


def short_number(value: float) -> str:
    """1500000 as "1.5M"."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"
