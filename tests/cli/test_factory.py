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
        "class Own(BaseException): pass\n"
        "def own(): raise Own('mine')\n"
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
        ("make", ("--input", "3x8x8", "--classes", "9"), "classes of its own, .*leave --head"),
        ("make", ("--input", "3x8x8", "--batch", "2"), "is counted for one image; leave"),
        ("make", ("--input", "3x9x9"), "does not run on one image of 3x9x9"),
        ("mkae", ("--input", "3x8x8"), "unknown factory 'mkae'.* did you mean 'make'"),
        ("fails", ("--input", "3x8x8"), "fails: RuntimeError: no luck"),
        ("leaves", ("--input", "3x8x8"), "fails: SystemExit: usage: mine.py"),
        ("own", ("--input", "3x8x8"), "fails: Own: mine"),
        ("number", ("--input", "3x8x8"), "gives a value of type int, not a torch.nn.Module"),
    ],
)
def test_modules_that_cannot_be_counted(nas_tc, file, name, options, complaint):
    code, _, err = nas_tc("cost", f"{file}:{name}", *options)
    assert (code, err.count("\n")) == (2, 1)

    assert re.search(complaint, err)


@pytest.mark.parametrize("type", ["half", "double", "bfloat16"])
def test_the_type_of_the_weights_does_not_matter(nas_tc, file, type):
    with file.open("a") as more:
        more.write(f"def typed(): return make().{type}()\n")
    code, out, _ = nas_tc("cost", f"{file}:typed", "--input", "3x8x8", "--json")
    assert code == 0
    assert json.loads(out)["complexity"] == 3 * 9 * 8 * 64


def test_lazy_layers_are_sized_before_the_count(nas_tc, file):
    with file.open("a") as more:
        more.write("def lazy(): return nn.Sequential(nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d())\n")
    code, out, _ = nas_tc("cost", f"{file}:lazy", "--input", "3x8x8", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["complexity"], found["params"]) == (3 * 9 * 8 * 36, 3 * 9 * 8 + 8 + 16)
    assert found["not_counted"] == {}


@pytest.fixture
def products(tmp_path):
    """Modules whose products are not written as layers."""
    path = tmp_path / "products.py"
    path.write_text(
        "import sys, torch\n"
        "from torch import nn\n"
        "class Of(nn.Module):\n"
        "    def __init__(self, way):\n"
        "        super().__init__()\n"
        "        self.way, self.weight = way, nn.Parameter(torch.ones(12, 5))\n"
        "    def forward(self, x):\n"
        "        return self.way(x.flatten(1)[:, :12], self.weight)\n"
        "def same(): return nn.Conv2d(3, 8, 3, padding='same')\n"
        "def mm(): return Of(torch.mm)\n"
        "def addmm(): return Of(lambda x, w: torch.addmm(torch.zeros(5), x, w))\n"
        "def chain(): return Of(lambda x, w: torch.linalg.multi_dot([x, w, w.T]))\n"
        "def times(): return Of(lambda x, w: (x[:, :, None] * w).sum(1))\n"
        "def leaves(): return Of(lambda x, w: sys.exit(4))\n"
        "def branch(): return Of(lambda x, w: x @ w if x.sum() > 0 else x)\n"
    )
    return path


@pytest.mark.parametrize(
    ("name", "complexity", "macs"),
    [("same", 3 * 9 * 8 * 64, 3 * 9 * 8 * 64), ("mm", 0, 60), ("addmm", 0, 60)],
)
def test_products_are_counted_however_they_are_written(nas_tc, products, name, complexity, macs):
    _, out, _ = nas_tc("cost", f"{products}:{name}", "--input", "3x8x8", "--json")
    found = json.loads(out)
    assert (found["complexity"], found["macs"]) == (complexity, macs)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("chain", "linalg_multi_dot, whose multiply-adds"),
        ("branch", "depends on the image"),
        ("times", "60 weights, and no convolution or matrix product was counted (aten::mul"),
        ("leaves", "does not run on one image of 3x8x8: SystemExit: 4"),
    ],
)
def test_what_cannot_be_counted_has_no_total(nas_tc, products, name, complaint):
    code, out, err = nas_tc("cost", f"{products}:{name}", "--input", "3x8x8")
    assert (code, out) == (2, "")
    assert complaint in err


def test_an_image_that_is_too_large_is_a_line(nas_tc, products):
    code, _, err = nas_tc("cost", f"{products}:same", "--input", "3x999999x999999")
    assert (code, err.count("\n")) == (2, 1)
    assert "does not run on one image of 3x999999x999999: RuntimeError: " in err
