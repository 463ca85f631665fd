"""`nas-tc cost` of a torch module from a user's file."""

import json
import re

import pytest


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from torch import nn\n"
        "def make(): return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.GELU(), nn.Flatten(),"
        " nn.Linear(512, 4))\n"
        "ready = make()\n"
        "def fails(): raise RuntimeError('no\\nluck')\n"
        "def number(): return 3\n"
        "def leaves(): raise SystemExit('usage: mine.py')\n"
    )
    return path


@pytest.mark.parametrize("name", ["make", "ready"])
def test_cost_of_any_module(nas_tc, file, name):
    code, out, _ = nas_tc("cost", f"{file}:{name}", "--input", "3x8x8", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["complexity"] == 3 * 9 * 8 * 64
    assert found["macs"] == 3 * 9 * 8 * 64 + 512 * 4
    assert found["params"] == 3 * 9 * 8 + 8 + 512 * 4 + 4
    assert found["not_counted"] == {"aten::gelu": 1}
    assert "aten::gelu x1" in nas_tc("cost", f"{file}:{name}", "--input", "3x8x8")[1]


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("make", (), "give the input of the module"),
        ("make", ("--input", "3x9x9"), "does not run on one image of 3x9x9"),
        ("mkae", ("--input", "3x8x8"), "unknown factory 'mkae'.* did you mean 'make'"),
        ("fails", ("--input", "3x8x8"), "fails: RuntimeError: no luck"),
        ("leaves", ("--input", "3x8x8"), "fails: SystemExit: usage: mine.py"),
        ("number", ("--input", "3x8x8"), "gives a int, not a torch.nn.Module"),
    ],
)
def test_modules_that_cannot_be_counted(nas_tc, file, name, options, complaint):
    code, _, err = nas_tc("cost", f"{file}:{name}", *options)
    assert (code, err.count("\n")) == (2, 1)

    assert re.search(complaint, err)
