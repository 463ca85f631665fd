"""`nas-tc calibrate`: the table it makes, tests and hands to `nas-tc time`."""

import json

import pytest


def test_a_table_is_made_tested_and_used(nas_tc, tmp_path):
    table = str(tmp_path / "table.json")
    small = ("--input", "1x8x8", "--out", table)
    reference = ("--reference", "(3,8) | (3,16)")
    code, out, _ = nas_tc("calibrate", *small, "--networks", "6", *reference, "--classes", "1000")
    assert code == 0
    assert f"table: {table} (6 networks more; " in out
    code, out, errors = nas_tc("calibrate", *small, "--networks", "6", "--json")  # it goes on
    assert code == 0
    assert json.loads(out)["table"] == table
    assert f"table: {table} (" in errors
    network = ("time", "(3,8) | (3,16)", "--input", "1x8x8", "--builds", "1")
    code, out, errors = nas_tc(*network, "--json")
    assert code == 0
    assert json.loads(out)["predicted_timed"] > 0  # the cache is off: for this prediction alone
    code, out, errors = nas_tc(*network, "--json", "--time-table", table)
    assert code == 0
    assert json.loads(out)["predicted_ms"] > 0
    assert json.loads(out)["predicted_guessed"] == 0
    code, out, errors = nas_tc(*network, "--batch", "2", "--time-table", table)
    assert code == 2
    assert "has no times of a forward pass of 2 images in fp32" in errors
    code, out, errors = nas_tc("calibrate", *small, "--training", "--check")
    assert (code, out) == (2, "")
    assert "has no times of a training step of 1 image in fp32" in errors


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--networks", "0"], "must be 1 or more, not 0"),
        (["--batch", "-2"], "must be 1 or more, not -2"),
        (["--dtype", "fp8"], "unknown dtype 'fp8'"),
        (["--space", "plane-32"], "did you mean 'plain-32'"),
        (["--input", "8x8"], "write channels, height and width"),
        (["--reference", "alexnt"], "did you mean 'alexnet'"),
        (["--device", "gpu"], "unknown device 'gpu'"),
        ([], "the cache is off (NAS_TC_CACHE): name the table with --out FILE"),
        (["--out", "broken.json"], "a damaged time table (it is not JSON)"),
        (["--out", "."], "cannot read the time table '.'"),
        (["--check", "--out", "none.json"], "has no times of a forward pass of 1 image in fp32"),
    ],
)
def test_calibrations_that_are_refused(nas_tc, tmp_path, arguments, complaint):
    (tmp_path / "broken.json").write_text("{")
    code, out, errors = nas_tc("calibrate", *arguments)
    assert (code, out) == (2, "")
    assert complaint in errors
    assert len(errors.splitlines()) == 1
