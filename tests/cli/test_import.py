"""`nas-tc import`: a user's torch module as a network."""

import json
import re
from pathlib import Path

import pytest

MODULES = Path(__file__).parents[1] / "written_modules.py"


def test_a_module_is_printed_and_written(nas_tc, tmp_path):
    out = tmp_path / "mine.json"
    code, text, _ = nas_tc("import", f"{MODULES}:MobileNetV2", "--out", str(out))
    assert code == 0
    assert "(3,16)/2 | inverted[1](3,8) | inverted[6](3,12)/2+inverted[6](3,12) | " in text
    assert "activation relu6, 10 classes" in text
    assert "proved: the same shapes, the same complexity by fvcore, and with the same" in text
    code, found, _ = nas_tc("cost", str(out), "--json")
    assert code == 0
    assert json.loads(found)["complexity"] == 658_560


def test_json_is_all_there_is_on_stdout(nas_tc, tmp_path):
    file = tmp_path / "loud.py"
    file.write_text(
        "from torch import nn\n"
        "print('loading')\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        print('making')\n"
        "        self.conv, self.fc = nn.Conv2d(1, 4, 3), nn.Linear(4, 3)\n"
        "    def forward(self, x):\n"
        "        print('running', x.shape)\n"
        "        return self.fc(self.conv(x).relu().mean((2, 3)))\n"
    )
    code, text, _ = nas_tc("import", f"{file}:Net", "--input", "1x8x8", "--json")
    assert code == 0
    found = json.loads(text)
    assert found["notation"] == "(3,4)p0"
    assert found["complexity"] == 9 * 4 * 36
    assert found["proof"]["difference"] < 1e-12
    assert found["architecture"]["input"] == [1, 8, 8]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("alexnet",), "not a factory: 'alexnet'; write path/to/file.py:name"),
        (("no.py:Net",), "no such file: 'no.py'"),
        (("no.py",), "no such file: 'no.py'"),
        (("README.md",), "not a factory: 'README.md'"),
        (("none.py:",), "none.py has no class, function or module that could be the network"),
        (("bad.py",), r"bad.py is no Python file: .* \(bad.py, line 1\)"),
        (
            ("some.py",),
            "some.py is a file: say what in it makes the module, as in some.py:net; it has "
            "Net, make, net$",
        ),
        ((f"{MODULES}:Resnet",), "unknown factory 'Resnet'.* did you mean 'ResNet'"),
        ((f"{MODULES}:ResNet", "--input", "3x32"), "write channels, height and width"),
        ((f"{MODULES}:ResNet", "--input", "1x32x32"), "does not run on images of 1x32x32"),
        ((f"{MODULES}:KerasLike",), "does not run on images of 1x32x32.*set its images"),
        (
            (f"{MODULES}:SqueezeExcite",),
            r"SqueezeExcite needs arguments \(channels, squeezed\); add a function .* def make",
        ),
        ((f"{MODULES}:ResNet", "--out", "/no/where.json"), "cannot write the network"),
    ],
)
def test_bad_input_is_a_line(nas_tc, arguments, complaint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "none.py").write_text("import re\n_words = re.compile('.')\n")
    (tmp_path / "bad.py").write_text("x = (")
    (tmp_path / "some.py").write_text(
        "from torch import nn\nclass Net(nn.Module): ...\ndef make(): ...\nnet = nn.ReLU()\n"
    )
    code, _, err = nas_tc("import", *arguments)
    assert (code, err.count("\n")) == (2, 1)
    assert re.search(complaint, err)
