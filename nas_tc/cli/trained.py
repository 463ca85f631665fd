"""The files of `nas-tc train`: weights, learning curve and a result that says how it came about."""

import json
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from nas_tc._files import whole_file
from nas_tc.architecture import Architecture, format_notation
from nas_tc.data import ImageData, preparation
from nas_tc.metric import Metric, MultilabelConfusion
from nas_tc.recipe import Recipe
from nas_tc.report import class_table, confusion_table, in_metric, write_csv, write_curve
from nas_tc.study.environment import environment
from nas_tc.training import FullTraining, ViewErrors, gpu_names

FILES = (
    "weights.safetensors",
    "curve.csv",
    "curve.png",
    "per_class.csv",
    "confusion.csv",
    "result.json",
)


def write_trained(
    folder: Path,
    network: Architecture,
    recipe: Recipe,
    finished: FullTraining,
    images: ImageData,
    metric: Metric = Metric.ERROR,
) -> tuple[str, ...]:
    """Writes the files into `folder`, the result last.

    Args:
        folder: Folder for the files.
        network: Network that was trained.
        recipe: Recipe of the training.
        finished: Result of the training.
        images: Images that it was trained and tested on.
        metric: Metric of the validation errors.

    Returns:
        Their names.

    Raises:
        OSError: One of them cannot be written.
        SafetensorError: The same of the weights.
    """
    state = {name: each.contiguous().cpu() for name, each in finished.network.state_dict().items()}
    with whole_file(folder / "weights.safetensors") as partial:
        save_file(state, partial)
    notation = format_notation(network.stages)
    write_curve(finished.curve, folder, notation, metric)
    tests = [test for test in (finished.single_view, finished.ten_view) if test is not None]
    confusion = tests[-1].confusion
    for name, table in (("per_class.csv", class_table), ("confusion.csv", confusion_table)):
        with whole_file(folder / name) as partial:
            write_csv(table(confusion, images.classes), partial)
    result: dict[str, Any] = {
        "network": notation,
        "architecture": network.to_dict(),
        "data": images.name,
        "images": {
            # With the recipe's margin, which is cut off all around; the rest is scaled to the input
            # of the network where that has another size.
            "shape": images.shape,
            **preparation(images.name),
            "grey_range": images.grey_range,
            "colour_range": images.colour_range,
            "mean": images.moments[0],
            "std": images.moments[1],
            "classes": images.classes,
            **({"multilabel": True} if images.multilabel else {}),
        },
        "recipe": recipe.to_dict(),
        in_metric("val_error", metric): finished.curve[-1].val_error,
        "train_s": round(finished.curve[-1].train_s, 3),
        "metric": metric.value,
        "test": [
            {"views": t.views, **_errors(t), metric.value: metric.of(t.confusion)} for t in tests
        ],
        "environment": environment(gpu_names()),
    }
    with whole_file(folder / "result.json") as partial:
        partial.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return FILES


def _errors(test: ViewErrors) -> dict[str, float]:
    """Errors that stand beside the metric, by name."""
    if isinstance(test.confusion, MultilabelConfusion):
        return {"subset_error": test.top1, "hamming_error": test.confusion.hamming_error}
    return {"top1": test.top1, "top5": test.top5}
