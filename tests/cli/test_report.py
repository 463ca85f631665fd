"""`nas-tc report`: what it prints and writes."""

import pandas as pd


def test_a_report_is_printed_and_written(nas_tc, study, tmp_path):
    code, out, _ = nas_tc("report", study.path, "--out", "again")
    assert code == 0
    assert "(3,16)/2 | 2/2 | (3,32)/2" in out
    assert "12.50 %" in out
    assert len(pd.read_csv(tmp_path / "again" / "pareto.csv")) == 2
