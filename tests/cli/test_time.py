"""`nas-tc time`: its figures, and what it refuses."""

import json

import pytest
from layer_profiles import MACHINE, profile

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.latency import TimeTable
from nas_tc.timing import Setting


def test_time_prints_a_figure_with_its_interval(nas_tc, monkeypatch, tmp_path):
    arguments = ("time", "(3,8)/2 | (3,8)/2", "--input", "3x16x16", "--batch", "2")
    few = ("--rebuilds", "2", "--repeats", "20")
    code, out, _ = nas_tc(*arguments, "--against", "(3,4)/2", *few, "--json")
    assert code == 0
    found = json.loads(out)
    assert 0 < found["low_ms"] <= found["latency_ms"] <= found["high_ms"]
    assert 0 < found["ratio_low"] <= found["ratio"] <= found["ratio_high"]
    assert (found["batch"], found["rebuilds"]) == (2, 2)
    assert found["rounds"] == found["repeats"] >= 20
    assert (found["raw_ms"], found["slowdown"]) == (found["latency_ms"], None)  # the cache is off
    assert found["machine"]["threads"] == 1
    code, out, _ = nas_tc(*arguments, *few)
    assert "slowdown  not known, for the cache is off" in out
    monkeypatch.setenv("NAS_TC_CACHE", str(tmp_path))
    code, out, _ = nas_tc(*arguments, "--device", "cpu", "--limit-ms", "1e9", "--train-step")
    assert code == 0
    assert "a training step of 2 images" in out
    assert "median of 6 builds, lower quartile of" in out
    assert "verdict   accept at a limit of 1e+09 ms" in out
    code, out, _ = nas_tc(*arguments, "--builds", "1", "--json")  # one: no medians of their own
    found = json.loads(out)
    assert found["slowdown"] > 0
    assert found["latency_ms"] == pytest.approx(found["raw_ms"] / found["slowdown"], rel=1e-6)


def test_a_damaged_file_of_the_calm_pace_is_refused(nas_tc, monkeypatch, tmp_path):
    monkeypatch.setenv("NAS_TC_CACHE", str(tmp_path))
    monkeypatch.setattr(
        "nas_tc.timing.reference_speed.reference_speed_file", lambda *_: tmp_path / "speed.json"
    )
    (tmp_path / "speed.json").write_text("{")
    code, out, errors = nas_tc("time", "(3,8)", "--input", "3x16x16", "--device", "cpu")
    assert (code, out) == (2, "")
    assert "a damaged file of this machine's reference speed" in errors
    assert len(errors.splitlines()) == 1


def test_layers_that_the_table_lacks_are_timed_for_a_prediction(nas_tc):
    network = ("time", "(3,8)/2 | (3,8)x2", "--input", "3x16x16", "--predict")
    code, out, _ = nas_tc(*network, "--json")  # the cache is off, so the table is empty
    found = json.loads(out)
    assert code == 0
    assert (found["predicted_layers"], found["predicted_timed"]) == (7, 6)  # two are alike
    assert (found["predicted_guessed"], found["predicted_unlike"]) == (0, 0)
    assert 0 < found["predicted_low_ms"] < found["predicted_ms"] < found["predicted_high_ms"]
    assert "latency_ms" not in found


def test_a_named_table_predicts_any_network(nas_tc, tmp_path):
    table = TimeTable(MACHINE)
    for width in (4, 8, 16, 24):
        known = Architecture((3, 16, 16), parse_notation(f"(3,{width})x2"), GAP, 5)
        table.of(Setting()).add(known, profile(known, ms=0.01 * width))
    table.write(path := tmp_path / "table.json")
    arguments = ("time", "(5,8) | 2/2", "--input", "3x16x16", "--time-table", str(path))
    code, out, _ = nas_tc(*arguments, "--predict")
    assert code == 0
    assert "layers guessed" in out
    assert "by a table of layer times of Abacus 7" in out
    assert "like none in the table" in out
    code, _, errors = nas_tc(*arguments, "--predict", "--batch", "2")
    assert code == 2
    assert "has no times of a forward pass of 2 images in fp32" in errors


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["J", "--predict", "--against", "A"], "--predict times no network"),
        (["J", "--predict", "--time-table", "no.json"], "cannot read the time table 'no.json'"),
        (["alexnt"], "did you mean 'alexnet'"),
        (["J", "--dtype", "fp8"], "unknown dtype 'fp8'"),
        (
            ["J", "--dtype", "int8"],
            "torch is not timed in int8, onnxruntime is; add --runtime onnx",
        ),
        (["J", "--dtype", "bf16", "--runtime", "onnxruntime"], "torch is; add --runtime torch"),
        (
            ["there.db"],
            "'there.db' is a file or a study, and no network; give a name of nas-tc zoo",
        ),
        (["J", "--batch", "0"], "must be 1 or more, not 0"),
        (["J", "--rebuilds", "0"], "must be 1 or more, not 0"),
        (["J", "--limit-ms", "-1"], "must be more than 0, not -1"),
        (["J", "--input", "3x16x16"], "does not fit a map of 1 pixel"),
    ],
)
def test_times_that_are_refused(nas_tc, arguments, complaint):
    code, _, errors = nas_tc("time", *arguments)
    assert code == 2
    assert complaint in errors
    assert len(errors.splitlines()) == 1
