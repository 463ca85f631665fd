"""A card for each network that is worth a look: the fronts and the baselines."""

import shlex
from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from nas_tc._files import as_text
from nas_tc.cost import network_cost
from nas_tc.drawing import draw_network
from nas_tc.metric import AnyConfusion, Confusion, MultilabelConfusion
from nas_tc.report.page.curve import curve_svg
from nas_tc.report.recommended import Recommended
from nas_tc.report.tables import share_of_budget
from nas_tc.study import StudyRecord, TrialRecord, weights_file

_MOST_CLASSES = 20  # in a matrix; of more, the commonest confusions
_MOST_CONFUSIONS = 15


def cards_of(
    record: StudyRecord, choice: Recommended | None, numbers: Sequence[int]
) -> list[dict[str, Any]]:
    """The contents of the cards, cheapest network first.

    Args:
        record: Record of the study.
        choice: The recommendation.
        numbers: Numbers of the trials that get a card.
    """
    by_number = {trial.number: trial for trial in (*record.trials, *record.baselines)}
    trials = sorted(
        (by_number[number] for number in set(numbers)),
        key=lambda trial: (trial.complexity, trial.number),
    )
    on_front = {trial.number for trial in record.front}
    best = None if choice is None else choice.trial.number
    return [_card(record, trial, on_front, best) for trial in trials]


def _card(
    record: StudyRecord, trial: TrialRecord, on_front: set[int], best: int | None
) -> dict[str, Any]:
    picture = draw_network(
        trial.architecture, f"trial {trial.number}", gradient=f"share-{trial.number}"
    )
    share = share_of_budget(record, trial)
    return {
        "trial": trial,
        "recommended": trial.number == best,
        "on_front": trial.number in on_front,
        "share": share,
        "drawing": Markup(picture),
        "layers": _layers(trial),
        "times": [_time(name, figure) for name, figure in trial.times.items()],
        "curve": curve_svg(trial.val_errors, trial.train_losses) if trial.val_errors else None,
        "classes": _classes(trial.confusion, record.settings["data"]["classes"]),
        "commands": _commands(record, trial),
    }


def _layers(trial: TrialRecord) -> list[dict[str, Any]]:
    """A row for each layer that has multiply-adds."""
    cost = network_cost(trial.architecture)
    return [
        {
            "name": layer.name,
            "kind": layer.kind,
            "output": "x".join(map(str, layer.output)),
            "macs": layer.macs,
            "share": layer.macs / cost.macs,
            "params": layer.params,
        }
        for layer in cost.layers
        if layer.macs
    ]


def _time(name: str, figure: Any) -> dict[str, Any]:
    """A time: what was measured and predicted, and by how much the prediction was out."""
    measured, predicted = figure.get("ms"), figure.get("predicted_ms")
    verdict = figure.get("verdict")
    if verdict == "predicted":
        measured, predicted = None, predicted or figure.get("ms")
    return {
        "name": name,
        "measured": measured,
        "low": figure.get("low_ms"),
        "high": figure.get("high_ms"),
        "predicted": predicted,
        "off": None if not measured or not predicted else predicted / measured - 1,
        "repeats": figure.get("repeats"),
        "ratio": figure.get("ratio"),
        "verdict": verdict,
    }


def _classes(confusion: AnyConfusion | None, names: Sequence[str]) -> dict[str, Any] | None:
    """Errors by class, worst first, with a matrix of few classes or the commonest confusions."""
    if confusion is None or len(names) != confusion.classes:
        return None
    if isinstance(confusion, MultilabelConfusion):
        return _labels(confusion, names)
    errors = np.nan_to_num(confusion.class_errors)
    order = [int(at) for at in np.argsort(-errors, kind="stable")]
    counts = {(true, said): count for true, said, count in confusion.cells}
    wrong = sorted(
        ((count, true, said) for (true, said), count in counts.items() if true != said),
        key=lambda each: -each[0],
    )
    is_small = confusion.classes <= _MOST_CLASSES
    return {
        "labels": None,
        "errors": [
            {"name": names[at], "error": float(errors[at]), "images": int(confusion.images_of[at])}
            for at in order[:_MOST_CLASSES]
        ],
        "left_out": max(0, confusion.classes - _MOST_CLASSES),
        "matrix": _matrix(confusion, counts, names) if is_small else None,
        "names": list(names) if is_small else [],
        "wrong": [
            {"count": count, "true": names[true], "said": names[said]}
            for count, true, said in wrong[:_MOST_CONFUSIONS]
        ],
    }


def _labels(confusion: MultilabelConfusion, names: Sequence[str]) -> dict[str, Any]:
    """Of images with several labels: how well each class is found, worst F1 score first."""
    scores = np.nan_to_num(confusion.f1_scores)
    columns = {
        "f1": confusion.f1_scores,
        "precision": confusion.precisions,
        "recall": confusion.recalls,
        "average_precision": confusion.average_precision_of,
    }
    rows = [
        {
            "name": names[at],
            "images": int(confusion.images_of[at]),
            **{name: _share(values[at]) for name, values in columns.items()},
        }
        for at in map(int, np.argsort(scores, kind="stable"))
    ]
    return {"labels": rows[:_MOST_CLASSES], "left_out": max(0, len(rows) - _MOST_CLASSES)}


def _share(value: float) -> float | None:
    """A share; None where it has no value."""
    return None if np.isnan(value) else float(value)


def _matrix(
    confusion: Confusion, counts: dict[tuple[int, int], int], names: Sequence[str]
) -> list[dict[str, Any]]:
    """A row a class: its name and the counts with their share of its images, 0 to 1."""
    return [
        {
            "name": names[true],
            "cells": [
                {
                    "count": counts.get((true, said), 0),
                    "share": counts.get((true, said), 0) / max(int(confusion.images_of[true]), 1),
                    "right": true == said,
                }
                for said in range(confusion.classes)
            ],
        }
        for true in range(confusion.classes)
    ]


def _commands(record: StudyRecord, trial: TrialRecord) -> list[str]:
    """The commands that export the network; it has to be trained first if it has no weights."""
    study = shlex.quote(as_text(str(record.path)))
    if weights_file(record.path, trial.number).exists():
        return [f"nas-tc export {study} --trial {trial.number} --out network-{trial.number}"]
    return [f"nas-tc train {study} --trial {trial.number} --out network-{trial.number}"]
