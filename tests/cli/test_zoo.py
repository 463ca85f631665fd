"""`nas-tc zoo`, `nas-tc draw` and `nas-tc cost` on what is not a plain network."""

import json

import pytest

from nas_tc.cli import main as program
from nas_tc.zoo import TABLES, ZOO


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the command line; gives its exit code, output and error line."""

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["nas-tc", *arguments])
        with pytest.raises(SystemExit) as ended:
            program.main()
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return call


def test_zoo_as_json_lists_every_network(run):
    code, out, _ = run("zoo", "--json")
    found = json.loads(out)
    assert code == 0
    assert [each["name"] for each in found] == list(ZOO)
    for each in found:
        assert {"name", "input", "complexity", "macs", "params", "source"} <= set(each)
        assert each["macs"] > each["complexity"] > 0
    by_name = {each["name"]: each for each in found}
    assert by_name["vgg16"]["params"] == 138_357_544
    assert by_name["J"]["complexity"] == 829_493_952


def test_zoo_as_a_table(run):
    code, out, _ = run("zoo")
    assert code == 0
    assert all(f" {name} " in f" {out} ".replace("\n", " ") for name in ZOO)


@pytest.mark.parametrize("number", TABLES)
def test_tables_side_by_side(run, number):
    code, out, _ = run("zoo", "--table", str(number))
    assert code == 0
    assert all(row.name in out for row in TABLES[number].rows)
    rows = json.loads(run("zoo", "--table", str(number), "--json")[1])
    assert [row["printed_complexity"] for row in rows] == [
        row.complexity for row in TABLES[number].rows
    ]


def test_table_1_shows_where_it_differs(run):
    _, out, _ = run("zoo", "--table", "1")
    (row,) = [line for line in out.splitlines() if line.split()[:1] == ["J"]]
    assert row.split()[-3:] == ["0.98", "0.9702", "-1.0%"]


def test_a_table_that_is_not_there(run):
    code, _, err = run("zoo", "--table", "7")
    assert (code, err.count("\n")) == (2, 1)
    assert "unknown table '7'; known: 1, 2, 3, 4, 5, 6" in err


def test_cost_of_a_network_of_blocks(run):
    code, out, _ = run("cost", "resnet50", "--batch", "8", "--relative-to", "A", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["params"] == 25_557_032
    assert found["relative"] == pytest.approx(found["complexity"] / 854_954_688)
    assert found["memory"]["training_bytes"] > found["memory"]["inference_bytes"]
    one = json.loads(run("cost", "resnet50", "--json")[1])
    assert found["macs"] == one["macs"]
    assert found["memory"]["saved_bytes"] == 8 * one["memory"]["saved_bytes"]


def test_cost_in_words(run):
    code, out, _ = run("cost", "J", "--relative-to", "A")
    assert code == 0
    assert "829,493,952" in out
    assert "0.9702  of A" in out


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
    )
    return path


@pytest.mark.parametrize("name", ["make", "ready"])
def test_cost_of_any_module(run, file, name):
    code, out, _ = run("cost", f"{file}:{name}", "--input", "3x8x8", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["complexity"] == 3 * 9 * 8 * 64
    assert found["macs"] == 3 * 9 * 8 * 64 + 512 * 4
    assert found["params"] == 3 * 9 * 8 + 8 + 512 * 4 + 4
    assert found["not_counted"] == {"aten::gelu": 1}
    assert "aten::gelu x1" in run("cost", f"{file}:{name}", "--input", "3x8x8")[1]


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("make", (), "give the input of the module"),
        ("make", ("--input", "3x9x9"), "does not run on one image of 3x9x9"),
        ("mkae", ("--input", "3x8x8"), "unknown factory 'mkae'.* did you mean 'make'"),
        ("fails", ("--input", "3x8x8"), "fails: RuntimeError: no luck"),
        ("number", ("--input", "3x8x8"), "gives a int, not a torch.nn.Module"),
    ],
)
def test_modules_that_cannot_be_counted(run, file, name, options, complaint):
    code, _, err = run("cost", f"{file}:{name}", *options)
    assert (code, err.count("\n")) == (2, 1)
    import re

    assert re.search(complaint, err)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("cost", "no/such.py:make", "--input", "3x8x8"), "no such file: 'no/such.py'"),
        (("cost", "basix(3,8)"), "part 1 ('basix(3,8)'): unknown block 'basix'; did you mean"),
        (("cost", "plain[groups=3](3,8)"), "conv1.1: 8 filters cannot be split into 3 groups"),
        (("cost", "J", "--input", "3x8x8"), "pool1: a 3x3 pooling window does not fit a map"),
        (("cost", "J", "--batch", "0"), "--batch must be 1 or more, not 0"),
        (("draw", "J", "-o", "no/such/j.svg"), "cannot write the picture 'no/such/j.svg'"),
        (("draw", "JJ", "-o", "j.svg"), "unknown network 'JJ'"),
    ],
)
def test_bad_input_is_one_line(run, arguments, complaint):
    code, _, err = run(*arguments)
    assert (code, err.count("\n")) == (2, 1)
    assert complaint in err


def test_draw_writes_a_picture(run, tmp_path):
    path = tmp_path / "j.svg"
    code, out, _ = run("draw", "J", "-o", str(path), "--input", "3x128x128")
    assert (code, out) == (0, f"picture: {path}\n")
    assert "3x128x128 images" in path.read_text()
