"""A board's times: measured by a file that needs NumPy and onnxruntime alone, and used here."""

import json
import subprocess
import sys

import pytest

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.errors import TableError
from nas_tc.latency import TimeTable
from nas_tc.latency.board import board_script, table_of_board
from nas_tc.timing import Setting

NETWORKS = [
    Architecture((3, 16, 16), parse_notation(notation), GAP, 5)
    for notation in ("(3,8) | 2/2 | basic(3,16)/2", "(3,16)/2 | (3,16)")
]


@pytest.mark.parametrize("dtype", ["fp32", "int8"])
def test_a_table_is_made_of_what_a_board_measured(dtype, tmp_path):
    pytest.importorskip("onnxruntime")
    setting = Setting(batch=2, dtype=dtype, runtime="onnxruntime")
    script = tmp_path / "measure.py"
    text = board_script(NETWORKS, setting).replace("SECONDS = 0.5", "SECONDS = 0.0")
    script.write_text(text + "    assert not {'torch', 'nas_tc', 'onnx'} & set(sys.modules)\n")
    assert len(text) < 40_000
    command = [sys.executable, "-I", script, tmp_path / "board.json"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "2/2 networks" in ran.stdout
    table, there = table_of_board(tmp_path / "board.json")
    assert there == setting
    table.write(tmp_path / "table.json")
    times = TimeTable.read(tmp_path / "table.json").of(setting)
    assert times.networks == {each.id for each in NETWORKS}
    assert times.predict(NETWORKS[0]).guessed == 0
    assert times.predict(NETWORKS[0]).ms > 0.001


def test_what_is_no_result_of_a_board(tmp_path):
    path = tmp_path / "board.json"
    with pytest.raises(TableError, match="cannot be read: No such file"):
        table_of_board(path)
    for text in ("hello", "[1]", "{}"):
        path.write_text(text)
        with pytest.raises(TableError, match="no times of a board; give the file"):
            table_of_board(path)
    path.write_text(json.dumps({"kind": "nas-tc board times", "machine": {}, "batch": 1}))
    with pytest.raises(TableError, match="damaged"):
        table_of_board(path)
