"""Files as people have them: with relative imports, dataclasses, argparse, imports at the end."""

import json
import sys

import pytest

from nas_tc.errors import NotationError, UnknownNameError
from nas_tc.reading import load_module

BLOCK = "from torch import nn\ndef block(): return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())\n"
FILES = {
    "a dataclass of text annotations": {
        "net.py": "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "from torch import nn\n@dataclass\nclass Config:\n    width: int = 8\n"
        "def make(): return nn.Conv2d(3, Config().width, 3)\n",
    },
    "a relative import in a package": {
        "__init__.py": "",
        "net.py": "from .blocks import block\ndef make(): return block()\n",
        "blocks.py": BLOCK,
    },
    "a package that imports the file": {
        "__init__.py": "from .net import make\n",
        "net.py": "from .blocks import block\ndef make(): return block()\n",
        "blocks.py": BLOCK,
    },
    "a relative import in a plain folder": {
        "net.py": "from .blocks import block\ndef make(): return block()\n",
        "blocks.py": BLOCK,
    },
    "a package that fails beside the file": {
        "__init__.py": "import no_such_package\n",
        "net.py": "from torch import nn\ndef make(): return nn.Conv2d(3, 8, 3)\n",
    },
    "an import of its own package": {
        "__init__.py": "",
        "net.py": "from an_import_of_its_own_package.blocks import block\nmake = block\n",
        "blocks.py": BLOCK,
    },
    "an import when it is called": {
        "net.py": "def make():\n    from late_neighbour import block\n    return block()\n",
        "late_neighbour.py": BLOCK,
    },
    "arguments of a command line": {
        "net.py": "import argparse\nfrom torch import nn\nparser = argparse.ArgumentParser()\n"
        "parser.add_argument('--width', type=int, default=8)\nargs = parser.parse_args()\n"
        "def make(): return nn.Conv2d(3, args.width, 3)\n",
    },
}


@pytest.fixture(autouse=True)
def path_of_before(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", ["nas-tc", "import", "net.py:make"])


@pytest.mark.parametrize("kind", FILES)
def test_it_is_run_as_python_runs_it(kind, tmp_path):
    folder = tmp_path / kind.replace(" ", "_")
    folder.mkdir()
    for name, text in FILES[kind].items():
        (folder / name).write_text(text)
    made = load_module(f"{folder / 'net.py'}:make")
    assert next(made.parameters()).shape == (8, 3, 3, 3)
    assert sys.argv == ["nas-tc", "import", "net.py:make"]


def test_imports_from_the_current_folder(tmp_path, monkeypatch):
    for folder in ("models", "parts_of_it"):
        (tmp_path / folder).mkdir()
    (tmp_path / "parts_of_it" / "blocks.py").write_text(BLOCK)
    (tmp_path / "models" / "net.py").write_text("from parts_of_it.blocks import block\n")
    monkeypatch.chdir(tmp_path)
    assert load_module("models/net.py:block")


def test_a_file_takes_the_place_of_no_other_module(tmp_path):
    (tmp_path / "json.py").write_text(BLOCK)
    assert load_module(f"{tmp_path / 'json.py'}:block")
    assert sys.modules["json"] is json
    assert sys.path.index(str(tmp_path)) > 0


def package_of(folder, width):
    folder.mkdir(parents=True)
    (folder / "layers.py").write_text(f"WIDTH = {width}\n")
    (folder / "net.py").write_text(
        "from torch import nn\nfrom .layers import WIDTH\n"
        "def make(): return nn.Conv2d(3, WIDTH, 3)\n"
    )
    return f"{folder / 'net.py'}:make"


def test_packages_of_one_name_do_not_take_each_others_files(tmp_path):
    for number, width in enumerate((8, 16)):
        made = load_module(package_of(tmp_path / str(number) / "networks_of_mine", width))
        assert made.out_channels == width


def test_a_package_with_the_name_of_another_module_is_refused(tmp_path):
    with pytest.raises(NotationError, match=r"the folder json, whose name .*; rename the folder"):
        load_module(package_of(tmp_path / "json", 8))


def test_a_file_is_run_anew(tmp_path):
    file = tmp_path / "anew.py"
    for width in (4, 16):
        file.write_text(f"from torch import nn\ndef make(): return nn.Conv2d(3, {width}, 3)\n")
        assert load_module(f"{file}:make").out_channels == width


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("Needs", r"needs arguments \(width\); add a function .* def make\(\): return Needs"),
        ("only", r"needs arguments \(depth\); add"),
        ("nothing", "gives a value of type NoneType, not a torch.nn.Module"),
        ("several", "gives a value of type list, not a torch.nn.Module"),
        ("wrong", r"fails: ValueError: in_channels must be divisible by groups \(line 9\)$"),
        ("lacks", r"fails: ModuleNotFoundError: .* \(line 10\); install no_such_package beside"),
        ("leaves", 'fails: SystemExit: 3; .* must not end the program: .* if __name__ == "__main'),
    ],
)
def test_what_makes_no_module(name, complaint, tmp_path):
    file = tmp_path / "some.py"
    file.write_text(
        "import sys\nfrom torch import nn\nnothing = None\nseveral = [nn.ReLU()]\n"
        "class Needs(nn.Module):\n    def __init__(self, width, depth=2): ...\n"
        "def only(*, depth): ...\ndef leaves(): sys.exit(3)\n"
        "def wrong(): return nn.Conv2d(3, 8, 3, groups=2)\n"
        "def lacks(): import no_such_package.layers\n"
    )
    with pytest.raises(NotationError, match=complaint):
        load_module(f"{file}:{name}")


def test_names_that_a_file_imports_are_not_suggested(tmp_path):
    file = tmp_path / "some.py"
    file.write_text("from torch.nn import Conv2d\nfrom functools import partial\n" + BLOCK)
    with pytest.raises(UnknownNameError, match=r"known: block$"):
        load_module(f"{file}:Block_")
