"""`nas-tc export`: which network it hands over, and in which formats."""

import pytest


def test_the_best_or_a_numbered_trial_is_exported(nas_tc, study, tmp_path):
    formats = ("--format", "source")
    code, out, err = nas_tc("export", study.path, "--best", "--out", "best", *formats)
    lines = out.splitlines()
    assert (code, lines[0]) == (0, "trial 1: (3,16)/2 | 2/2 | (3,32)/2")
    assert lines[1].startswith("compared on 359 test images of digits; error as trained: ")
    assert "weights.safetensors: written, and run on" in err
    code, _, _ = nas_tc("export", study.path, "--trial", 0, "--out", "cheap", *formats)
    assert code == 0
    assert (tmp_path / "cheap" / "network.py").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--best", "--format", "tflite"], "unknown format 'tflite';"),
        (["--best", "--format", ""], "--format is followed by an empty value;"),
        (["--best", "--format", ","], "unknown format '' in ',';"),
        (["--best", "--int8-loss", "-1"], "--int8-loss must be 0 to 100 percentage points, not -1"),
        (["--best", "--int8-loss", "nan"], "--int8-loss must be 0 to 100"),
        (["--best", "--unverified", "--format", "int8"], "int8 needs the study's images"),
        (["--best", "--data", "parquet:nowhere", "--format", "onnx"], "--unverified"),
        (["--best", "--trial", "1"], "give either --trial N or --best"),
        (["--trial", "77"], "no trial 77"),
    ],
)
def test_what_cannot_be_exported(nas_tc, study, tmp_path, arguments, message):
    code, _, err = nas_tc("export", study.path, "--out", "out", *arguments)
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_files_of_another_origin_are_not_replaced(nas_tc, study, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "README.md").write_text("mine")
    (project / "weights.safetensors").write_text("of nas-tc train")
    arguments = ("export", study.path, "--best", "--format", "source")
    code, _, err = nas_tc(*arguments, "--out", project)
    assert code == 2
    assert err == (
        f"nas-tc: {project} has weights.safetensors, README.md of another origin, which the export "
        "would replace; choose another folder with --out\n"
    )
    assert sorted(path.name for path in project.iterdir()) == ["README.md", "weights.safetensors"]
    assert (project / "README.md").read_text() == "mine"


@pytest.mark.parametrize("lost", [None, "verification.json"])  # version 0.1.0 wrote none
def test_an_export_replaces_an_earlier_one(nas_tc, study, tmp_path, lost):
    arguments = ("export", study.path, "--format", "source", "--out", "out")
    assert nas_tc(*arguments, "--best")[0] == 0
    if lost is not None:
        (tmp_path / "out" / lost).unlink()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    assert nas_tc(*arguments, "--trial", 0)[0] == 0
    assert "Trial 0" in (tmp_path / "out" / "README.md").read_text()
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"


def test_a_training_does_not_replace_the_weights_of_an_export(nas_tc, study, tmp_path):
    nas_tc("export", study.path, "--best", "--format", "source", "--out", "out")
    before = (tmp_path / "out" / "weights.safetensors").read_bytes()
    code, _, err = nas_tc("train", study.path, "--set", "epochs=1", "--out", "out")
    assert code == 2
    assert err == (
        "nas-tc: out holds an export, whose weights the training would replace; choose another "
        "folder with --out\n"
    )
    assert (tmp_path / "out" / "weights.safetensors").read_bytes() == before
