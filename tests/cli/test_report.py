"""`nas-tc report`: what it prints and writes."""

import json

import pandas as pd


def test_a_report_is_printed_and_written(nas_tc, study, tmp_path):
    code, out, _ = nas_tc("report", study.path, "--out", "again")
    assert code == 0
    assert "(3,16)/2 | 2/2 | (3,32)/2" in out
    assert "12.50 %" in out
    assert len(pd.read_csv(tmp_path / "again" / "pareto.csv")) == 2


def test_a_report_as_json_has_the_front_and_the_files(nas_tc, study, tmp_path):
    code, out, _ = nas_tc("report", study.path, "--out", "again", "--json")
    assert code == 0
    report = json.loads(out)
    assert [row["trial"] for row in report["networks"]] == report["front"] == [0, 1]
    assert report["networks"][0]["train_s"] is None
    assert all((tmp_path / file).exists() for file in report["files"])


def test_a_quiet_report_prints_nothing(nas_tc, study, tmp_path):
    assert nas_tc("report", study.path, "--out", "again", "--quiet") == (0, "", "")
    assert (tmp_path / "again" / "report.html").exists()
