"""Errors by class, and what was taken for what."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nas_tc.metric import Confusion
from nas_tc.report import class_table, confusion_table, worst_classes, write_report

NAMES = ("a[1]", "b", "c")
LABELS, PREDICTED = np.array([0, 0, 0, 1, 1]), np.array([0, 1, 1, 1, 0])
CONFUSION = Confusion.of(LABELS, PREDICTED, 3)


def test_a_row_a_class():
    table = class_table(CONFUSION, NAMES)
    assert table["class"].tolist() == list(NAMES)
    assert table["images"].tolist() == [3, 2, 0]
    assert table["error"].tolist()[:2] == pytest.approx([2 / 3, 1 / 2], abs=1e-6)
    assert table["precision"].tolist()[:2] == pytest.approx([1 / 2, 1 / 3], abs=1e-6)
    assert table.loc[2, ["error", "precision", "f1"]].isna().all()


def test_a_row_a_confusion():
    rows = confusion_table(CONFUSION, NAMES).to_numpy().tolist()
    assert rows == [["a[1]", "a[1]", 1], ["a[1]", "b", 2], ["b", "a[1]", 1], ["b", "b", 1]]


def test_the_worst_classes_in_words():
    line = worst_classes(CONFUSION, NAMES)
    assert line == "worst classes: a[1] 66.67 %, b 50.00 %; a[1] was most often taken for b (2x)"
    right = Confusion.of(LABELS, LABELS, 3)
    assert worst_classes(right, NAMES) == "worst classes: none has an error"


def test_the_report_has_both_tables_of_all_networks_that_were_tested(study, tmp_path):
    labels = np.arange(40) % 10
    confusion = Confusion.of(labels, np.minimum(labels, 8), 10)
    trials = tuple(
        replace(trial, confusion=confusion) if trial.number in (0, 1) else trial
        for trial in study.trials
    )
    paths = write_report(replace(study, trials=trials), tmp_path)
    assert [path.name for path in paths][-2:] == ["per_class.csv", "confusion.csv"]
    classes = pd.read_csv(tmp_path / "per_class.csv", dtype={"class": str})
    assert classes["trial"].tolist() == [0] * 10 + [1] * 10
    assert classes["error"].tolist()[:10] == [0] * 9 + [1]
    cells = pd.read_csv(tmp_path / "confusion.csv", dtype={"true": str, "predicted": str})
    assert cells[cells["trial"] == 1][["true", "predicted", "images"]].values.tolist()[-1] == [
        "9", "8", 4,
    ]  # fmt: skip


def test_a_study_of_before_has_neither(study, tmp_path):
    names = [path.name for path in write_report(study, tmp_path)]
    assert not {"per_class.csv", "confusion.csv"} & set(names)
