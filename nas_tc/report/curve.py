"""A learning curve as a table and a picture."""

import csv
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from nas_tc.metric import Metric
from nas_tc.recipe import CurvePoint
from nas_tc.study.columns import in_metric

_LOSS, _ERROR = "#9aa5b1", "#0b5fa5"
_COLUMNS = ("epoch", "train_loss", "val_error", "train_s")


def write_curve(
    curve: Sequence[CurvePoint], folder: Path, title: str, metric: Metric = Metric.ERROR
) -> tuple[Path, Path]:
    """Writes curve.csv and curve.png, an epoch a row and a point.

    Args:
        curve: Learning curve of a training.
        folder: Folder for the files.
        title: Title of the picture.
        metric: Metric of the validation errors.

    Returns:
        Paths of both files.
    """
    table, picture = folder / "curve.csv", folder / "curve.png"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(in_metric(column, metric) for column in _COLUMNS)
        writer.writerows([getattr(point, column) for column in _COLUMNS] for point in curve)
    figure = Figure(figsize=(8.0, 4.5), dpi=150, layout="constrained")
    errors = figure.add_subplot()
    epochs = [point.epoch for point in curve]
    errors.plot(epochs, [100 * point.val_error for point in curve], color=_ERROR)
    errors.set_xlabel("epoch")
    errors.set_ylabel(f"validation {metric.words}, %", color=_ERROR)
    errors.set_ylim(bottom=0)
    losses = errors.twinx()
    losses.plot(epochs, [point.train_loss for point in curve], color=_LOSS)
    losses.set_ylabel("training loss", color="#5d6873")
    errors.set_title(title, fontsize=11)
    errors.grid(visible=True, color="#e5e8eb", linewidth=0.8)
    figure.savefig(picture)
    return table, picture
