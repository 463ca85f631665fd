"""`nas-tc report`: what it prints and writes."""

import json

import pandas as pd
import pytest

from nas_tc.cli.report_folder import REPORT_FILES


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


def test_a_report_replaces_an_earlier_one_and_its_files_are_known(nas_tc, study, tmp_path):
    for _ in range(2):
        assert nas_tc("report", study.path, "--out", "again", "--quiet") == (0, "", "")
    names = {path.name for path in (tmp_path / "again").iterdir()}
    tested = {"per_class.csv", "confusion.csv"}  # of networks that were tested
    assert names | tested == set(REPORT_FILES)


@pytest.mark.parametrize("name", ["per_class.csv", "manifest.json"])  # of a training, a web page
def test_files_of_another_origin_are_not_replaced(nas_tc, study, tmp_path, name):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("mine")
    code, out, err = nas_tc("report", study.path, "--out", "mine")
    assert (code, out) == (2, "")
    assert err == (
        f"nas-tc: mine has {name} of another origin, which the report would replace; choose "
        "another folder with --out\n"
    )
    assert [path.name for path in (tmp_path / "mine").iterdir()] == [name]
    assert (tmp_path / "mine" / name).read_text() == "mine"


def test_a_file_is_no_folder_for_a_report(nas_tc, study, tmp_path):
    (tmp_path / "file").write_text("mine")
    code, _, err = nas_tc("report", study.path, "--out", "file")
    assert (code, err) == (2, "nas-tc: file is a file; name a folder for the report with --out\n")
