"""The program as a user calls it: what it prints, and how it ends."""

import json
import re
import subprocess
import sys
from itertools import islice
from random import Random

import pandas as pd
import pytest
import torch

from nas_tc.cli import main as program
from nas_tc.cost import complexity
from nas_tc.search import read_study
from nas_tc.space import load_space
from nas_tc.timing import (
    Inside,
    LayerTimes,
    Setting,
    TimeTable,
    default_table,
    networks_of,
    nodes_of,
    one_thread,
    timing_machine,
    unit_of,
)
from nas_tc.zoo import ZOO, find_network


@pytest.fixture
def nas_tc(monkeypatch, capsys, tmp_path):
    """Calls the program; gives its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["nas-tc", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            program.main()
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return call


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
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(nas_tc, tmp_path, arguments, complaint):
    (tmp_path / "there.txt").write_text("hello")
    (tmp_path / "there.json").write_text("{")
    code, _, err = nas_tc(*arguments)
    assert code == 2
    assert complaint in err
    assert err.startswith("nas-tc: ")
    assert len(err.splitlines()) == 1


def test_an_interrupt_ends_with_130(nas_tc, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("nas_tc.search.api.load_data", interrupted)
    code, _, err = nas_tc("search", "--budget", "1M")
    assert (code, err) == (130, "")


def test_budget_explains(nas_tc):
    code, out, _ = nas_tc("budget", "alexnet*0.6, params<=50k, latency<=2ms")
    assert code == 0
    assert "6,200,236 multiply-adds (alexnet*0.6; alexnet at 3x32x32 has 10,333,728)" in out
    assert "79,872" in out  # the cheapest network of the space, see `nas-tc space plain-32`
    assert "binds: params<=50k" in out
    assert "latency<=2ms: known by the clock alone" in out


def test_budget_takes_the_shape_of_the_data(nas_tc):
    _, out, _ = nas_tc("budget", "alexnet*0.6", "--data", "digits")
    assert "alexnet at 1x32x32 has 9,195,360" in out
    _, out, _ = nas_tc("budget", "alexnet*0.6", "--input", "1x32x32")
    assert "alexnet at 1x32x32 has 9,195,360" in out


def test_budget_says_what_would_fit(nas_tc):
    code, out, _ = nas_tc("budget", "params<=100")
    assert code == 0
    assert "needs params<=" in out


@pytest.fixture
def time_table(tmp_path):
    """A table by which a layer takes a nanosecond a multiply-add and 10 us more."""
    space = load_space("plain-32")
    times = LayerTimes()
    reference = find_network("(3,32)x2").at(space.input, space.classes)
    for network in (reference, *islice(networks_of(space, Random(0)), 200)):
        units = [unit_of(node, first=i == 0) for i, node in enumerate(nodes_of(network))]
        found = tuple((unit, unit.macs / 1e6 + 0.01) for unit in units)
        times.add(network, Inside(sum(ms for _, ms in found), found))
    for _ in range(20):
        times.check(1.0, 1.05)
    with one_thread():
        table = TimeTable(timing_machine(torch.device("cpu")), {Setting(): times})
    path = tmp_path / "table.json"
    table.write(path)
    return path


def test_budget_foretells_times_by_a_table(nas_tc, time_table, monkeypatch, tmp_path):
    budget = ("budget", "latency<=1ms, params<=100k")
    code, out, _ = nas_tc(*budget, "--time-table", time_table)
    assert code == 0
    assert "1 ms: foretold by a table of" in out
    assert "it was +5.0% to +5.0% out" in out
    row = re.search(r"latency<=1ms, foretold +(\S+) ms +(\S+) ms +(\S+) ms +(\S+)%", out)
    smallest, median, largest, share = map(float, row.groups())
    assert smallest < median < largest
    assert 0 < share < 100
    assert re.search(r"all limits +\d", out)
    assert "binds: " in out
    own = default_table(tmp_path / "cache", TimeTable.read(time_table).machine)
    own.parent.mkdir(parents=True)
    own.write_bytes(time_table.read_bytes())
    monkeypatch.setenv("NAS_TC_CACHE", str(tmp_path / "cache"))
    assert nas_tc(*budget)[1] == out  # this device's own


@pytest.mark.parametrize(
    ("budget", "nearest"),
    [
        ("latency<=1us", r"latency<=[\d.]+ms@b1"),
        ("latency<=(3,32)x2*0.001", r"latency<=\(3,32\)x2\*"),
    ],
)
def test_the_nearest_budget_of_time_is_one_that_something_fits(nas_tc, time_table, budget, nearest):
    code, out, _ = nas_tc("budget", budget, "--time-table", time_table)
    assert code == 0
    needs = out.rpartition("needs ")[2].strip()
    assert re.match(nearest, needs)
    code, out, _ = nas_tc("budget", needs, "--time-table", time_table)
    assert "needs" not in out
    assert re.search(r"foretold .*0\.05%", out)  # the one, of two thousand


def test_budget_says_what_to_run_where_times_are_not_known(nas_tc, time_table):
    _, out, _ = nas_tc("budget", "train_step<=1s@b8, latency<=J@224*0.5, params<=1M")
    for words in ("--batch 8 --training", "--input 3x32x32 --classes 10\n"):
        assert "to have it foretold: nas-tc calibrate --space plain-32" in out
        assert words in out
    assert "params<=1M" in out
    code, _, errors = nas_tc("budget", "train_step<=1s@b8", "--time-table", time_table)
    assert code == 2
    assert "has no times of a training step of 8 images in fp32; add them: nas-tc calib" in errors
    assert f"--out {time_table}" in errors
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["budget", "latency<=2.5"], "at character 10 ('2.5'): a time needs a unit"),
        (["budget", "1M", "--time-table", "t.json"], "'1M' limits no time; write one"),
        (["budget", "latency<=1s", "--time-table", "t.json"], "cannot read the time table"),
        (["budget", "1M", "--data", "digits", "--input", "1x8x8"], "give one"),
        (["search", "--budget", "latency<=2ms on cuda", "--device", "cpu"], "runs on cpu; give"),
        (["search", "--budget", "1M", "--time-table", "t.json"], "'1M' limits no time; write one"),
        (["search", "--budget", "latency<=1s", "--time-table", "t.json"], "cannot read the time"),
        (["search", "--budget", "params<=100"], "needs params<="),
        (["search", "--budget", "complexity in 90G..99G"], "lower the range"),
    ],
)
def test_budgets_that_are_refused(nas_tc, arguments, complaint):
    code, _, errors = nas_tc(*arguments)
    assert code == 2
    assert complaint in errors
    assert len(errors.splitlines()) == 1


def test_time_prints_a_figure_with_its_interval(nas_tc, monkeypatch, tmp_path):
    arguments = ("time", "(3,8)/2 | (3,8)/2", "--input", "3x16x16", "--batch", "2")
    few = ("--builds", "2", "--repeats", "20")
    code, out, _ = nas_tc(*arguments, "--against", "(3,4)/2", *few, "--json")
    assert code == 0
    found = json.loads(out)
    assert 0 < found["low_ms"] <= found["latency_ms"] <= found["high_ms"]
    assert 0 < found["ratio_low"] <= found["ratio"] <= found["ratio_high"]
    assert (found["batch"], found["builds"]) == (2, 2)
    assert found["turns"] == found["repeats"] >= 20
    assert (found["raw_ms"], found["pace"]) == (found["latency_ms"], None)  # the cache is off
    assert found["machine"]["threads"] == 1
    code, out, _ = nas_tc(*arguments, *few)
    assert "pace     what is usual here is not known" in out
    monkeypatch.setenv("NAS_TC_CACHE", str(tmp_path))
    code, out, _ = nas_tc(*arguments, "--device", "cpu", "--limit-ms", "1e9", "--train-step")
    assert code == 0
    assert "a training step of 2 images" in out
    assert "median of 6 builds, lowest of" in out
    assert "verdict  accept at a limit of 1e+09 ms" in out
    code, out, _ = nas_tc(*arguments, *few, "--json")
    found = json.loads(out)
    assert found["pace"] > 0
    assert found["latency_ms"] == pytest.approx(found["raw_ms"] / found["pace"], rel=0.2)


def test_a_damaged_file_of_the_usual_pace_is_refused(nas_tc, monkeypatch, tmp_path):
    monkeypatch.setenv("NAS_TC_CACHE", str(tmp_path))
    monkeypatch.setattr("nas_tc.timing.pace.pace_file", lambda *_: tmp_path / "pace.json")
    (tmp_path / "pace.json").write_text("{")
    code, out, errors = nas_tc("time", "(3,8)", "--input", "3x16x16", "--device", "cpu")
    assert (code, out) == (2, "")
    assert "a damaged file of this machine's usual pace" in errors
    assert len(errors.splitlines()) == 1


def test_a_table_is_made_tested_and_used(nas_tc, tmp_path):
    table = str(tmp_path / "table.json")
    small = ("--input", "1x8x8", "--out", table)
    reference = ("--reference", "(3,8) | (3,16)")
    code, out, _ = nas_tc("calibrate", *small, "--networks", "6", *reference, "--classes", "1000")
    assert code == 0
    assert f"table: {table} (6 networks more; " in out
    code, out, errors = nas_tc("calibrate", *small, "--networks", "6")  # it goes on
    assert code == 0
    network = ("time", "(3,8) | (3,16)", "--input", "1x8x8", "--builds", "1")
    code, out, errors = nas_tc(*network, "--json")
    assert code == 0
    assert "predicted_ms" not in json.loads(out)  # the cache is off
    code, out, errors = nas_tc(*network, "--json", "--time-table", table)
    assert code == 0
    assert json.loads(out)["predicted_ms"] > 0
    assert json.loads(out)["predicted_guessed"] == 0
    code, out, errors = nas_tc(*network, "--batch", "2", "--time-table", table)
    assert code == 2
    assert "has no time of a forward pass of 2 images in fp32" in errors
    code, out, errors = nas_tc("calibrate", *small, "--training", "--check")
    assert (code, out) == (2, "")
    assert "has no times of a training step of 1 image in fp32" in errors


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--networks", "0"], "must be 1 or more, not 0"),
        (["--batch", "-2"], "must be 1 or more, not -2"),
        (["--dtype", "fp8"], "unknown dtype 'fp8'"),
        (["--space", "plane-32"], "did you mean 'plain-32'"),
        (["--input", "8x8"], "write channels, height and width"),
        (["--reference", "alexnt"], "did you mean 'alexnet'"),
        (["--device", "gpu"], "unknown device 'gpu'"),
        ([], "the cache is off (NAS_TC_CACHE): name the table with --out FILE"),
        (["--out", "broken.json"], "a damaged time table (it is not JSON)"),
        (["--out", "."], "cannot read the time table '.'"),
        (["--check", "--out", "none.json"], "has no times of a forward pass of 1 image in fp32"),
    ],
)
def test_calibrations_that_are_refused(nas_tc, tmp_path, arguments, complaint):
    (tmp_path / "broken.json").write_text("{")
    code, out, errors = nas_tc("calibrate", *arguments)
    assert (code, out) == (2, "")
    assert complaint in errors
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["alexnt"], "did you mean 'alexnet'"),
        (["J", "--dtype", "fp8"], "unknown dtype 'fp8'"),
        (["J", "--batch", "0"], "must be 1 or more, not 0"),
        (["J", "--builds", "0"], "must be 1 or more, not 0"),
        (["J", "--limit-ms", "-1"], "must be more than 0, not -1"),
        (["J", "--input", "3x16x16"], "does not fit a map of 1 pixel"),
    ],
)
def test_times_that_are_refused(nas_tc, arguments, complaint):
    code, _, errors = nas_tc("time", *arguments)
    assert code == 2
    assert complaint in errors
    assert len(errors.splitlines()) == 1
