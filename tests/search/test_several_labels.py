"""A search on images with several labels, from the images to the exported network."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.metrics import average_precision_score

from nas_tc.data import load_data
from nas_tc.errors import NasTcError
from nas_tc.export import export_trial
from nas_tc.metric import Metric
from nas_tc.report import majority_lines, recommended, worst_classes, write_report
from nas_tc.search import driver
from nas_tc.study import read_study
from recording_listener import RecordingListener

LABELS = """
import sys, torch
from network import Network; from preprocess import named, preprocess; import safetensors.torch
network = Network().eval(); safetensors.torch.load_model(network, "weights.safetensors")
with torch.inference_mode():
    scores = torch.cat([network(preprocess(file)) for file in sys.argv[1:]])
torch.save((scores, [named(row) for row in scores.tolist()]), "found.pt")
assert not any(name.startswith("nas_tc") for name in sys.modules)
"""


@pytest.fixture
def halves(tmp_path):
    """Pairs of digits side by side, each with the labels of both."""
    digits = load_data("digits", side=(16, 8))
    arrays = {}
    for split, one in (("train", digits.train), ("val", digits.validation), ("test", digits.test)):
        count = len(one) // 2
        left, right = np.arange(count), np.arange(count) + count
        arrays[f"x_{split}"] = np.concatenate([one.images[left], one.images[right]], axis=2)
        hot = np.eye(10, dtype=np.uint8)
        arrays[f"y_{split}"] = hot[one.labels[left]] | hot[one.labels[right]]
    np.savez(tmp_path / "pairs.npz", **arrays)
    return f"npz:{tmp_path}/pairs.npz"


def test_a_search_from_lists_of_labels_to_an_export(tiny_search, halves, tmp_path, monkeypatch):
    compared = []
    pruner = driver.ParetoPruner
    monkeypatch.setattr(
        driver, "ParetoPruner", lambda *a, **k: compared.append(k["reading"]) or pruner(*a, **k)
    )
    listener = RecordingListener()
    tiny_search(trials=2, data=halves, listener=listener, reruns=1, class_weights="balanced")
    record = read_study(tmp_path / "study.db")
    assert record.metric is listener.last.metric is Metric.MAP_ERROR
    assert record.multilabel
    assert compared == [None]  # candidates are compared by the mAP error, not by the loss
    best = record.best
    assert record.trial(best.number).rerun_test_error is not None
    assert ": mAP error " in recommended(record).evidence
    assert best.test_error == Metric.MAP_ERROR.of(best.confusion)
    assert 0 < best.test_error < record.settings["data"]["majority_error"]["test"]
    assert majority_lines(record)[0].startswith("constant scores: mAP error 80")
    assert worst_classes(best.confusion, "0123456789").startswith("least average precision: ")

    write_report(record, tmp_path / "report")
    front = pd.read_csv(tmp_path / "report" / "pareto.csv").set_index("trial")
    assert front.loc[best.number, "test_map_error"] == pytest.approx(best.test_error)
    assert front.loc[best.number, "test_subset_error"] == pytest.approx(best.confusion.error)
    classes = pd.read_csv(tmp_path / "report" / "per_class.csv")
    of_best = classes[classes["trial"] == best.number]
    assert of_best["average_precision"].mean() == pytest.approx(1 - best.test_error, abs=1e-5)
    cells = pd.read_csv(tmp_path / "report" / "confusion.csv")
    assert (cells.iloc[:, 2:].sum(axis=1) == best.confusion.images).all()

    export_trial(
        record, best, tmp_path / "out", formats=["source"], images=load_data(halves, side=(16, 16))
    )
    settings = json.loads((tmp_path / "out" / "preprocess.json").read_text())
    assert (settings["probabilities"], settings["threshold"]) == ("sigmoid", 0.5)
    card = (tmp_path / "out" / "README.md").read_text()
    assert "print(named(network(" in card
    assert "| class | test images | average precision | precision | recall |" in card
    report = json.loads((tmp_path / "out" / "verification.json").read_text())
    assert report["trained"]["map_error"] == pytest.approx(best.test_error, abs=0.01)
    assert report["files"]["source"]["changed_classes"] == 0
    test = load_data(halves).test
    files = [tmp_path / "out" / f"{i}.png" for i in range(len(test))]
    for pixels, file in zip(test.images, files, strict=True):
        Image.fromarray(pixels[..., 0]).save(file)
    command = [sys.executable, "-c", LABELS, *map(str, files)]
    subprocess.run(command, cwd=tmp_path / "out", check=True)
    scores, found = torch.load(tmp_path / "out" / "found.pt")
    expected = average_precision_score(test.labels, scores, average="macro")
    assert best.test_error == pytest.approx(1 - expected, abs=0.01)  # bfloat16 in the search
    for row, words in zip(scores, found, strict=True):
        expected = [str(at) for at in range(10) if row[at] > 0]
        assert [each.split()[0] for each in words.split(", ")] == (expected or ["none"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"metric": "error"},
            "metric error is not for images with several labels; use map_error, subset_error",
        ),
        ({"batches": "balanced"}, "several labels; set class_weights=balanced"),
    ],
)
def test_what_has_no_sense_for_several_labels_is_refused(fresh_search, halves, settings, message):
    with pytest.raises(NasTcError, match=message):
        fresh_search(data=halves, **settings)


def test_metrics_of_several_labels_are_refused_for_one(fresh_search):
    with pytest.raises(NasTcError, match="map_error is not for images with one label each"):
        fresh_search(metric="map_error")
