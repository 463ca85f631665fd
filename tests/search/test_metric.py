"""A search by another metric than the error: it minimises it, reports it and keeps to it."""

import json

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import balanced_accuracy_score

from nas_tc.data import load_data
from nas_tc.errors import NasTcError, StudyError
from nas_tc.metric import Metric
from nas_tc.module import build
from nas_tc.report import majority_lines, recommended, write_report
from nas_tc.study import read_study, weights_file
from nas_tc.training import Images, confusion_of
from recording_listener import RecordingListener


def test_a_search_minimises_what_it_was_told_to(tiny_search, tmp_path):
    listener = RecordingListener()
    tiny_search(trials=2, metric="balanced_accuracy", listener=listener)
    record = read_study(tmp_path / "study.db")
    assert record.metric is Metric.BALANCED_ERROR
    data = load_data("digits", side=(16, 16))
    best = record.best
    network = build(best.architecture)
    network.load_state_dict(load_file(weights_file(record.path, best.number)))
    for split, value in ((data.validation, best.val_error), (data.test, best.test_error)):
        images = Images(torch.from_numpy(split.images), torch.from_numpy(split.labels))
        found = confusion_of(network, images)
        labels = [label for label, _, count in found.cells for _ in range(count)]
        predicted = [said for _, said, count in found.cells for _ in range(count)]
        assert value == pytest.approx(1 - balanced_accuracy_score(labels, predicted))
    assert any("balanced error; of the majority class 90.00 %" in note for note in listener.notes)
    (line, *_) = majority_lines(record)
    assert line.startswith("majority class: balanced error 90.00 % in validation")
    assert "observed balanced error" in recommended(record).evidence
    write_report(record, tmp_path / "report")
    front = pd.read_csv(tmp_path / "report" / "pareto.csv")
    row = front[front["trial"] == best.number].iloc[0]
    assert row["val_balanced_error"] == pytest.approx(best.mean_val_error)
    assert row["test_balanced_error"] == pytest.approx(best.test_error)
    assert row["test_error"] == pytest.approx(best.confusion.error)
    assert "val_balanced_error@1" in pd.read_csv(tmp_path / "report" / "trials.csv")
    settings = json.loads((tmp_path / "report" / "manifest.json").read_text())["settings"]
    assert settings["metric"] == "balanced_error"
    with pytest.raises(StudyError, match=r"another search .metric: balanced_error against error"):
        tiny_search(trials=2)


def test_an_unknown_metric_is_refused_before_images_are_read(fresh_search):
    with pytest.raises(NasTcError, match="unknown metric 'auc'"):
        fresh_search(metric="auc", data="imagefolder:nowhere")
