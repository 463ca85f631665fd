"""`nas-tc train`: what it prints, writes and refuses."""

import json

import numpy as np
import pytest
from safetensors.torch import load_file

from handmade_study import make_study, resize_trial
from nas_tc.architecture import Architecture
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.study import read_study, weights_file
from nas_tc.training import Rung

TINY = ("(3,4)/2 | (3,8)/2", "--head", "gap", "--norm", "batch", "--input", "1x16x16")


def test_train_writes_weights_a_curve_and_a_result(nas_tc, tmp_path):
    settings = ("--data", "digits", "--set", "epochs=2", "--set", "views=10")
    code, out, _ = nas_tc("train", *TINY, *settings, "--out", tmp_path)
    assert code == 0
    assert "epoch 2/2" in out
    assert "test error, 10 views" in out
    result = json.loads((tmp_path / "result.json").read_text())
    assert [test["views"] for test in result["test"]] == [1, 10]
    assert result["recipe"]["epochs"] == 2
    assert result["images"]["resample"] == "bicubic"
    assert result["images"]["classes"] == list("0123456789")
    architecture = Architecture.from_dict(result["architecture"])
    build(architecture).load_state_dict(load_file(tmp_path / "weights.safetensors"))
    assert "worst classes: " in out
    cells = (tmp_path / "confusion.csv").read_text().splitlines()[1:]
    assert sum(int(cell.rpartition(",")[2]) for cell in cells) == 359
    wrong = sum(int(n) for true, said, n in (cell.split(",") for cell in cells) if true != said)
    assert wrong / 359 == pytest.approx(result["test"][1]["top1"])  # the test of most views
    assert len((tmp_path / "per_class.csv").read_text().splitlines()) == 11
    assert len((tmp_path / "curve.csv").read_text().splitlines()) == 3
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    code, again, _ = nas_tc("train", *TINY, *settings, "--out", tmp_path)
    assert code == 0
    assert "going on after epoch 2" in again
    assert out.splitlines()[-4:] == again.splitlines()[-4:]
    code, document, progress = nas_tc("train", *TINY, *settings, "--out", tmp_path, "--json")
    assert json.loads(document)["test"] == result["test"]
    assert "going on after epoch 2" in progress
    assert nas_tc("train", *TINY, *settings, "--out", tmp_path, "--quiet") == (0, "", "")


def test_a_training_is_judged_by_the_metric_that_was_named(nas_tc, tmp_path):
    settings = ("--data", "digits", "--set", "epochs=1", "--out", tmp_path)
    code, out, _ = nas_tc("train", *TINY, *settings, "--metric", "f1_macro")
    assert code == 0
    assert "epoch 1/1: loss" in out
    assert ", macro F1 error " in out
    assert "test macro F1 error, 1 view: " in out
    assert "majority class: test macro F1 error 98.1" in out  # one class of ten has an F1 score
    assert "val_macro_f1_error" in (tmp_path / "curve.csv").read_text()
    assert "macro_f1_error" in json.loads((tmp_path / "result.json").read_text())["test"][0]
    code, _, err = nas_tc("train", *TINY, *settings)
    assert (code, "metric is different" in err) == (2, True)
    code, _, err = nas_tc("train", *TINY, *settings, "--metric", "accuracyy")
    assert (code, err.count("\n"), "did you mean 'accuracy'?" in err) == (2, 1, True)


def test_a_training_makes_up_for_rare_classes_as_its_search_did(nas_tc, tmp_path):
    path = tmp_path / "s.db"
    make_study(path, recipe=Recipe(epochs=2, class_weights="balanced"))
    settings = ("train", path, "--trial", "0", "--set", "epochs=1", "--out")
    code, out, _ = nas_tc(*settings, tmp_path / "a")
    assert (code, "class_weights: balanced, as in the search" in out) == (0, True)
    result = json.loads((tmp_path / "a" / "result.json").read_text())
    assert result["recipe"]["class_weights"] == "balanced"
    code, out, _ = nas_tc(*settings, tmp_path / "b", "--set", "class_weights=none")
    assert (code, "as in the search" in out) == (0, False)
    result = json.loads((tmp_path / "b" / "result.json").read_text())
    assert result["recipe"]["class_weights"] == "none"


def test_a_network_of_another_size_is_trained_on_the_images_of_its_search(nas_tc, tmp_path):
    path = tmp_path / "s.db"
    make_study(path)
    resize_trial(path, 0, 24)
    assert read_study(path).trial(0).architecture.input == (1, 24, 24)
    settings = ("train", path, "--trial", "0", "--set", "epochs=1", "--out")
    code, out, _ = nas_tc(*settings, tmp_path / "a", "--from-search")
    assert (code, "images: scaled from 32x32 to 24x24, as in the search" in out) == (0, True)
    result = json.loads((tmp_path / "a" / "result.json").read_text())
    assert (result["images"]["shape"], result["architecture"]["input"]) == (
        [1, 32, 32],
        [1, 24, 24],
    )
    code, out, _ = nas_tc(*settings, tmp_path / "b", "--input", "1x16x16")
    assert (code, "images: scaled" in out) == (0, False)
    result = json.loads((tmp_path / "b" / "result.json").read_text())
    assert result["images"]["shape"] == result["architecture"]["input"] == [1, 16, 16]


def test_results_that_cannot_be_written_are_one_line(nas_tc, tmp_path):
    settings = ("--data", "digits", "--set", "epochs=1")
    assert nas_tc("train", *TINY, *settings, "--out", tmp_path)[0] == 0
    (tmp_path / "weights.safetensors").unlink()
    (tmp_path / "weights.safetensors").mkdir()
    code, _, err = nas_tc("train", *TINY, *settings, "--out", tmp_path)
    assert code == 2
    assert "cannot write into" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*TINY,), "which images? name them with --data"),
        ((*TINY, "--data", "digits", "--trial", "3"), "is no study file"),
        ((*TINY, "--data", "digits", "--set", "epoch=3"), "did you mean 'epochs'"),
        ((*TINY, "--data", "digits", "--recipe", "fast"), "unknown recipe 'fast'"),
        (("K", "--data", "digits"), "unknown network 'K'"),
    ],
)
def test_what_cannot_be_trained_is_one_line(nas_tc, tmp_path, arguments, message):
    code, _, err = nas_tc("train", *arguments, "--out", tmp_path)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_train_goes_on_with_the_weights_of_the_search(nas_tc, study, tmp_path):
    settings = ("--set", "epochs=1", "--set", "learning_rate=1e-9", "--set", "ema=0")
    code, _, err = nas_tc("train", study.path, "--trial", 1, *settings, "--from-search",
                         "--out", tmp_path / "a")  # fmt: skip
    assert (code, err) == (0, "")
    kept = load_file(weights_file(study.path, 1))
    trained = load_file(tmp_path / "a" / "weights.safetensors")
    name = "layers.0.weight"
    assert np.allclose(trained[name], kept[name], atol=1e-6)  # hardly a step away
    code, _, _ = nas_tc("train", study.path, "--trial", 1, *settings, "--out", tmp_path / "b")
    fresh = load_file(tmp_path / "b" / "weights.safetensors")
    assert not np.allclose(fresh[name], kept[name], atol=1e-2)
    code, _, err = nas_tc("train", study.path, "--trial", 1, *settings, "--out", tmp_path / "a")
    assert (code, "its beginning is different" in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("J", "--data", "digits"), "--from-search goes on with the weights of a study's trial"),
        (("STUDY", "--trial", "2"), "trial 2 (complete) has no weights"),
        (("STUDY", "--trial", "0", "--head", "spp"), "as it was searched"),
        (("STUDY", "--trial", "0", "--workers", "0"), "--workers"),
    ],
)
def test_weights_of_a_search_that_are_not_there(nas_tc, study, arguments, message):
    given = [str(study.path) if each == "STUDY" else each for each in arguments]
    code, _, err = nas_tc("train", *given, "--from-search")
    assert code == 2
    assert message in err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["J"], "--as-searched repeats a study's trial: 'J' is no study file"),
        (["none.db"], "no study file 'none.db'"),
        (["STUDY", "--seed", "1"], "repeats the search's own training; leave --seed out"),
        (["STUDY", "--recipe", "quick"], "leave --recipe out"),
        (["STUDY", "--set", "epochs=2"], "leave --set out"),
        (["STUDY", "--trial", "9"], "no trial 9; there are 0 to 4"),
        (["STUDY", "--trial", "4"], "trial 4 (failed) has no validation error to repeat"),
        (["STUDY", "--data", "digits:x"], "digits:x"),
        (["STUDY", "--device", "tpu"], "tpu"),
    ],
)
def test_what_as_searched_refuses(nas_tc, study, arguments, complaint):
    given = [study.path if each == "STUDY" else each for each in arguments]
    code, _, errors = nas_tc("train", *given, "--as-searched")
    assert code == 2
    assert complaint in errors
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize(("change", "code"), [(0.0, 0), (0.01, 1)])
def test_a_training_that_is_repeated_ends_with_1_if_it_differs(
    nas_tc, study, monkeypatch, change, code
):
    known = study.trial(1).val_errors

    def again(*_):
        return (Rung(epoch, error + change, 0.1, 1.0) for epoch, error in known.items())

    monkeypatch.setattr("nas_tc.search.as_searched.train_as_searched", again)
    ended, out, _ = nas_tc("train", study.path, "--trial", "1", "--as-searched", "--json")
    found = json.loads(out)
    assert (ended, found["same"]) == (code, not code)
    assert [each["in_search"] for each in found["epochs"]] == list(known.values())


def test_files_of_another_origin_are_not_replaced(nas_tc, tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "result.json").write_text("mine")
    arguments = ("train", "(3,8) | 2/2 | (3,8)", "--data", "digits", "--set", "epochs=1")
    code, _, err = nas_tc(*arguments, "--out", "project")
    assert code == 2
    assert err == (
        "nas-tc: project has result.json of another origin, which the training would replace; "
        "choose another folder with --out\n"
    )
    assert (tmp_path / "project" / "result.json").read_text() == "mine"
