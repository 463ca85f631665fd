"""The program as a user calls it: what it prints, and how it ends."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from nas_tc.cost import complexity
from nas_tc.study import read_study
from nas_tc.zoo import ZOO

LONG = "x" * 300  # for a file


def test_help_and_version_load_nothing_heavy():
    code = (
        "import sys\n"
        "sys.argv = ['nas-tc', '--help']\n"
        "import nas_tc\n"
        "from nas_tc.cli.main import main\n"
        "try:\n    main()\n"
        "except SystemExit as ended:\n    assert ended.code == 0\n"
        "heavy = {'torch', 'optuna', 'ray', 'pandas', 'sklearn', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "search" in done.stdout


def test_the_module_is_the_program():
    command = [sys.executable, "-m", "nas_tc.cli", "--version"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == (
        "nas-tc 0.1.0\n"
    )


def test_cost_prints_a_table(nas_tc):
    code, out, _ = nas_tc("cost", "J")
    assert code == 0
    assert "829,493,952" in out
    assert "79,190,248" in out
    rows = [line.split() for line in out.splitlines() if line.strip().startswith("conv4.1")]
    assert [row[:6] for row in rows] == [
        ["conv4.1", "conv", "2304x5x5", "58,982,400", "6.5%", "2,361,600"]
    ]


@pytest.mark.parametrize("name", ZOO)
def test_cost_as_json(nas_tc, name):
    code, out, _ = nas_tc("cost", name, "--json")
    values = json.loads(out)
    assert code == 0
    assert {"network", "input", "complexity", "macs", "params", "layers"} <= values.keys()
    assert values["complexity"] == complexity(ZOO[name].architecture)
    assert sum(layer["complexity"] for layer in values["layers"]) == values["complexity"]
    assert sum(layer["share"] for layer in values["layers"]) == pytest.approx(1)


def test_cost_takes_notation_input_head_norm_and_classes(nas_tc):
    arguments = ("--input", "3x32x32", "--head", "gap", "--norm", "batch", "--classes", "10")
    code, out, _ = nas_tc("cost", "(7,64)/2 | 3/3 | (5,128)", *arguments, "--json")
    values = json.loads(out)
    assert code == 0
    assert values["input"] == [3, 32, 32]
    assert values["complexity"] == 3 * 49 * 64 * 13 * 13 + 64 * 25 * 128 * 4 * 4
    assert values["params"] == 3 * 49 * 64 + 128 + 64 * 25 * 128 + 256 + 129 * 10


def test_spaces_are_shown(nas_tc):
    code, out, _ = nas_tc("space")
    assert code == 0
    assert "206,766,144" in out
    code, out, _ = nas_tc("space", "plain-32")
    assert code == 0
    assert "stage1.pool" in out
    assert "networks  206,766,144 at 3x32x32" in out
    assert "(3,8)/2 | 3/2 | (2,32)/2 | 2/2 | (2,64)" in out


def test_report_and_export(nas_tc, study, tmp_path):
    code, out, _ = nas_tc("report", study.path, "--out", "again")
    assert code == 0
    assert "(3,16)/2 | 2/2 | (3,32)/2" in out
    assert "12.50 %" in out
    assert len(pd.read_csv(tmp_path / "again" / "pareto.csv")) == 2
    code, out, _ = nas_tc("export", study.path, "--best", "--out", "best")
    assert (code, out.splitlines()[0]) == (0, "trial 1: (3,16)/2 | 2/2 | (3,32)/2")
    code, _, _ = nas_tc("export", study.path, "--trial", 0, "--out", "cheap")
    assert code == 0
    assert (tmp_path / "cheap" / "network.py").exists()


def test_a_search_from_the_command_line(nas_tc, cluster, tmp_path):
    arguments = ("--trials", "3", "--epochs", "1", "--train-images", "200", "--workers", "2")
    code, out, _ = nas_tc("search", "--budget", "alexnet*0.1", *arguments)
    assert code == 0
    assert "digits: 200 training" in out
    assert "(alexnet*0.1; alexnet at 1x32x32 has 9,195,360)" in out
    path = tmp_path / "results" / "local" / "plain-32-digits-200-alexnet-0.1.db"
    record = read_study(path)
    assert record.done == 3
    command = "nas-tc search --budget 'alexnet*0.1' --trials 3 --epochs 1"
    assert record.runs[0]["command"].startswith(command)
    assert record.runs[0]["packages"]["nas-tc"] == "0.1.0"
    folder = path.with_suffix("")
    front = pd.read_csv(folder / "pareto.csv")
    assert (front["complexity"] <= record.settings["budget"]["complexity"]).all()
    assert (folder / "pareto.png").exists()
    assert all(trial.network in out for trial in record.front)
    assert {trial.baseline for trial in record.baselines} == {"vgg", "resnet"}
    seconds, verdict = out.splitlines()[-2:]
    assert seconds.startswith("2 baselines: ")
    assert "better than the best baseline (" in verdict


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["search"], "Missing option '--budget'"),
        (["search", "--bugdet", "1M"], "No such option: --bugdet"),
        (["search", "--budget", "alexnt*0.6"], "did you mean 'alexnet'?"),
        (["search", "--budget", "1M", "--trials", "x"], "Invalid value for '--trials'"),
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
        (["report", "none.db"], "no study file 'none.db'"),
        (["export", "none.db", "--out", "x"], "give either --trial N or --best"),
        (["export", "none.db", "--best", "--out", "x"], "no study file 'none.db'"),
        (["improve"], "No such command 'improve'"),
        (["data", "npz:none.npz"], "no file 'none.npz'"),
        (["data", f"npz:{LONG}"], "cannot be read: File name too long"),
        (["data", "idx:."], "train-images-idx3-ubyte: a broken idx file: Is a directory"),
        (["search", "--budget", "1M", "--study", LONG], "File name too long"),
        (["report", LONG], "cannot read the study"),
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


def test_an_interrupt_ends_with_130(nas_tc, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("nas_tc.search.api.load_data", interrupted)
    code, _, err = nas_tc("search", "--budget", "1M")
    assert (code, err) == (130, "")
