import json

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file

from nas_tc.architecture import Architecture
from nas_tc.cli.main import main
from nas_tc.module import build
from nas_tc.study import weights_file


@pytest.fixture
def run(monkeypatch, capsys):
    # Hypothesis refuses a process that flushes denormal numbers.
    monkeypatch.setattr("nas_tc.training.settle_on_core", lambda threads: None)

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["nas-tc", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return ended.value.code, shown.out, shown.err

    return call


TINY = ("(3,4)/2 | (3,8)/2", "--head", "gap", "--norm", "batch", "--input", "1x16x16")


def test_train_writes_weights_a_curve_and_a_result(run, tmp_path):
    settings = ("--data", "digits", "--set", "epochs=2", "--set", "views=10")
    code, out, _ = run("train", *TINY, *settings, "--out", tmp_path)
    assert code == 0
    assert "epoch 2/2" in out
    assert "test error, 10 views" in out
    result = json.loads((tmp_path / "result.json").read_text())
    assert [test["views"] for test in result["test"]] == [1, 10]
    assert result["recipe"]["epochs"] == 2
    architecture = Architecture.from_dict(result["architecture"])
    build(architecture).load_state_dict(load_file(tmp_path / "weights.safetensors"))
    assert len((tmp_path / "curve.csv").read_text().splitlines()) == 3
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    code, again, _ = run("train", *TINY, *settings, "--out", tmp_path)
    assert code == 0
    assert "going on after epoch 2" in again
    assert out.splitlines()[-3:] == again.splitlines()[-3:]


def test_results_that_cannot_be_written_are_one_line(run, tmp_path):
    (tmp_path / "weights.safetensors").mkdir()
    settings = ("--data", "digits", "--set", "epochs=1")
    code, _, err = run("train", *TINY, *settings, "--out", tmp_path)
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
def test_what_cannot_be_trained_is_one_line(run, tmp_path, arguments, message):
    code, _, err = run("train", *arguments, "--out", tmp_path)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_data_shows_what_is_there_and_names_what_is_broken(run, tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "tree" / name).mkdir(parents=True)
        for number in range(20):
            pixels = np.full((6, 6, 3), 10 * number, dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "tree" / name / f"{number}.png")
    spec = f"imagefolder:{tmp_path / 'tree'}"
    code, out, _ = run("data", spec, "--sheet", tmp_path / "sheet.png")
    assert code == 0
    assert "2 classes" in out
    assert (tmp_path / "sheet.png").exists()
    (tmp_path / "tree" / "dog" / "3.png").write_bytes(b"")
    code, out, err = run("data", spec)
    assert code == 2
    assert "dog/3.png: not an image" in out
    assert "1 images are broken" in err


def test_a_side_of_nothing_is_refused(run):
    code, _, err = run("data", "digits", "--size", "0")
    assert code == 2
    assert "--size" in err


def test_train_goes_on_with_the_weights_of_the_search(run, study, tmp_path):
    settings = ("--set", "epochs=1", "--set", "learning_rate=1e-9", "--set", "ema=0")
    code, _, err = run("train", study.path, "--trial", 1, *settings, "--from-search",
                         "--out", tmp_path / "a")  # fmt: skip
    assert (code, err) == (0, "")
    kept = load_file(weights_file(study.path, 1))
    trained = load_file(tmp_path / "a" / "weights.safetensors")
    name = "layers.0.weight"
    assert np.allclose(trained[name], kept[name], atol=1e-6)  # hardly a step away
    code, _, _ = run("train", study.path, "--trial", 1, *settings, "--out", tmp_path / "b")
    fresh = load_file(tmp_path / "b" / "weights.safetensors")
    assert not np.allclose(fresh[name], kept[name], atol=1e-2)
    code, _, err = run("train", study.path, "--trial", 1, *settings, "--out", tmp_path / "a")
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
def test_weights_of_a_search_that_are_not_there(run, study, arguments, message):
    given = [str(study.path) if each == "STUDY" else each for each in arguments]
    code, _, err = run("train", *given, "--from-search")
    assert code == 2
    assert message in err
