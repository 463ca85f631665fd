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
        (["--best", "--format", ""], "unknown format '';"),
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
