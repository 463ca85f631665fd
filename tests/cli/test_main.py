"""The program as a user calls it: how it ends, and what every command refuses alike."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

LONG = "x" * 300  # for a file
FULL = Path("/dev/full")


def test_the_module_is_the_program():
    command = [sys.executable, "-m", "nas_tc.cli", "--version"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == (
        "nas-tc 0.1.0\n"
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["search"], "give a --budget, as in alexnet*0.6, or a network with --around"),
        (["search", "--bugdet", "1M"], "No such option: --bugdet"),
        (["search", "--budget", "alexnt*0.6"], "did you mean 'alexnet'?"),
        (["search", "--budget", "1M", "--trials", "x"], "--trials must be a whole number, not 'x'"),
        (["search", "--budget", "1M", "--trials", "0"], "--trials must be 1 or more, not 0"),
        (["report", "none.db", "--out", ""], "--out is followed by an empty value; give one, or"),
        (["search", "--budget="], "--budget is followed by an empty value; give one, or"),
        (["draw", "J", "-o", ""], "-o is followed by an empty value; give one, or"),
        (["export", "none.db", "--out"], "Option '--out' requires an argument"),
        (["search", "--budget", "1M", "--hours", "x"], "--hours must be a number, not 'x'"),
        (["dashboard", "none.db", "--port", "0"], "--port must be 1 or more, not 0"),
        (["dashboard", "none.db", "--port", "99999"], "--port must be 65535 or less, not 99999"),
        (["show", "none.db", "--trial"], "Option '--trial' requires an argument"),
        (["show"], "Missing argument 'study'; see nas-tc show --help"),
        (["show", "a.db", "b.db"], "unexpected extra argument(s) (b.db); see nas-tc show --help"),
        (
            ["search", "--budget", "1M", "--space", "no.toml"],
            "cannot read the space file 'no.toml'",
        ),
        (["search", "--budget", "1M", "--data", "parquet:no"], "no folder 'no'"),
        (["search", "--budget", "1M", "--ray-address", "127.0.0.1:1"], "no Ray cluster at"),
        (["search", "--budget", "1M", "--study", "there.txt"], "not a study of nas-tc"),
        (["search", "--budget", "1M", "--study", "/proc/none/s.db"], "cannot write the study"),
        (["cost", "K"], "unknown network 'K'"),
        (["cost", "(3,64"], "cannot read '(3,64'"),
        (["cost", "J", "--input", "32"], "--input '32': write channels, height and width"),
        (["cost", "J", "--input", "3x32x32"], "pool3: a 3x3 pooling window does not fit"),
        (["cost", "J", "--norm", "layer"], "unknown norm 'layer'"),
        (["cost", "there.json"], "there.json: not JSON"),
        (["space", "plain"], "unknown space 'plain'"),
        (["report", "none.db"], "no study file 'none.db'; nas-tc studies FOLDER lists"),
        (["show", "."], ". is a folder, no study file; nas-tc studies . lists its studies"),
        (["export", "none.db", "--out", "x"], "give either --trial N or --best"),
        (["export", "none.db", "--best", "--out", "x"], "no study file 'none.db'"),
        (["improve"], "No such command 'improve'. Did you mean 'import'?\n"),
        (["data", "npz:none.npz"], "no file 'none.npz'"),
        (["data", f"npz:{LONG}"], "cannot be read: File name too long"),
        (["data", "idx:."], "train-images-idx3-ubyte: a broken idx file: Is a directory"),
        (["search", "--budget", "1M", "--study", LONG], "File name too long"),
        (["report", LONG], "cannot read the study"),
        (["cost", "no/such.py:make", "--input", "3x8x8"], "no such file: 'no/such.py'"),
        (["cost", "basix(3,8)"], "part 1 ('basix(3,8)'): unknown block 'basix'; did you mean"),
        (["cost", "plain[groups=3](3,8)"], "conv1.1: 8 filters cannot be split into 3 groups"),
        (["cost", "J", "--input", "3x8x8"], "pool1: a 3x3 pooling window does not fit a map"),
        (["cost", "J", "--batch", "0"], "--batch must be 1 or more, not 0"),
        (["time", "(3,8)", "--input", "3x999999x999999"], "out of memory: "),
        (["draw", "J", "-o", "no/such/j.svg"], "cannot write the picture 'no/such/j.svg'"),
        (["draw", "JJ", "-o", "j.svg"], "unknown network 'JJ'"),
        (["train", "+".join(["(3,16)"] * 60), "--data", "npz:none.npz"], "no file 'none.npz'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(nas_tc, tmp_path, arguments, complaint):
    (tmp_path / "there.txt").write_text("hello")
    (tmp_path / "there.json").write_text("{")
    (tmp_path / "train-images-idx3-ubyte").mkdir()
    (tmp_path / "train-labels-idx1-ubyte").touch()
    code, _, err = nas_tc(*arguments)
    assert code == 2
    assert complaint in err
    assert err.startswith("nas-tc: ")
    assert "Errno" not in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["cost", "deep.json"], "deep.json: not JSON: "),
        (["space", "deep.toml"], "deep.toml: not TOML: "),
        (["experiment", "deep.toml"], "deep.toml: not TOML: "),
        (["search", "--budget", "1M", "--recipe", "deep.toml"], "deep.toml: not TOML: "),
        (["search", "--budget", "1M", "--set", "epochs=" + "[" * 9999], "epochs must be a whole"),
        (["calibrate", "--networks", "1", "--out", "deep.json"], "it is not JSON"),
    ],
)
def test_brackets_within_brackets_without_end_are_one_line(nas_tc, tmp_path, arguments, complaint):
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "deep.toml").write_text("x = " + "[" * 9_999)
    code, _, err = nas_tc(*arguments)
    assert (code, len(err.splitlines())) == (2, 1)
    assert complaint in err


@pytest.mark.skipif(not FULL.exists(), reason="a file of Linux")
@pytest.mark.parametrize("arguments", [["--version"], ["zoo"]])
def test_output_that_cannot_be_written_is_one_line(arguments):
    with FULL.open("w") as full:
        command = [sys.executable, "-m", "nas_tc.cli", *arguments]
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (
        2, "nas-tc: cannot write the output: No space left on device\n",
    )  # fmt: skip


def test_an_interrupt_ends_with_130(nas_tc, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("nas_tc.search.api.load_data", interrupted)
    code, _, err = nas_tc("search", "--budget", "1M")
    assert (code, err) == (130, "")


def test_square_brackets_in_names_are_kept(nas_tc, tmp_path):
    tree = tmp_path / "[bold]images"
    for name in ("[red]cat", "dog[i]"):
        (tree / name).mkdir(parents=True)
        for number in range(10):
            Image.new("RGB", (6, 6), (10 * number, 0, 0)).save(tree / name / f"{number}.png")
    code, out, _ = nas_tc("data", f"imagefolder:{tree}", "--sheet", "[i]sheet.png")
    assert code == 0
    assert all(text in out for text in (str(tree), "[red]cat", "dog[i]", "[i]sheet.png"))


def test_a_name_that_is_no_text_is_shown_by_its_bytes(tmp_path):
    picture = os.fsencode(tmp_path) + b"/caf\xe9.svg"
    command = [sys.executable, "-m", "nas_tc.cli", "draw", "J", "-o", picture]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert r"caf\udce9.svg" in ran.stdout


def test_standard_output_that_is_closed_goes_nowhere(tmp_path):
    """Else the next file that is opened would take what is printed."""
    (tmp_path / "run.py").write_text(
        "import os, sys\n"
        "from nas_tc.cli.main import _open_closed_streams\n"
        "_open_closed_streams()\n"
        "print('lost')\n"
        "with open('file', 'w') as file:\n"
        "    is_null = os.path.samestat(os.fstat(1), os.stat('/dev/null'))\n"
        "    sys.exit(not (file.fileno() > 2 and is_null))\n"
    )
    closed = 'exec "$0" run.py <&- >&- 2>&-'
    done = subprocess.run(["sh", "-c", closed, sys.executable], cwd=tmp_path, check=False)
    assert done.returncode == 0
    assert (tmp_path / "file").read_text() == ""
