"""`nas-tc budget`: what it explains, what it predicts, and budgets that are refused."""

import re
from itertools import islice
from random import Random

import pytest
import torch

from nas_tc.latency import (
    LayerProfile,
    LayerTimes,
    TimeTable,
    default_table,
    networks_of,
    nodes_of,
    signature_of,
)
from nas_tc.space import load_space
from nas_tc.timing import Setting, one_thread, timing_machine
from nas_tc.zoo import find_network


def test_budget_explains(nas_tc):
    code, out, _ = nas_tc("budget", "alexnet*0.6, params<=50k, latency<=2ms")
    assert code == 0
    assert "6,200,236 multiply-adds (alexnet*0.6; alexnet at 3x32x32 has 10,333,728)" in out
    assert "79,872" in out  # the cheapest network of the space, see `nas-tc space plain-32`
    assert "binds: params<=50k" in out
    assert "latency<=2ms: no formula says this; it has to be timed" in out


def test_budget_takes_the_shape_of_the_data(nas_tc):
    _, out, _ = nas_tc("budget", "alexnet*0.6", "--data", "digits")
    assert "alexnet at 1x32x32 has 9,195,360" in out
    _, out, _ = nas_tc("budget", "alexnet*0.6", "--input", "1x32x32")
    assert "alexnet at 1x32x32 has 9,195,360" in out


def test_budget_says_what_would_fit(nas_tc):
    code, out, _ = nas_tc("budget", "params<=100")
    assert code == 0
    assert "needs params<=" in out


def test_budget_does_not_say_that_every_one_fits_where_the_costliest_does_not(nas_tc):
    _, out, _ = nas_tc("budget", "10G", "--input", "3x64x64")
    assert "11,263,868,928" in out  # the costliest
    assert "every one of these fits; the costliest network exceeds 10G" in out
    _, out, _ = nas_tc("budget", "12G", "--input", "3x64x64")
    assert "the budget does not bind: every one fits" in out


@pytest.fixture
def time_table(tmp_path):
    """A table by which a layer takes a nanosecond a multiply-add and 10 us more."""
    space = load_space("plain-32")
    times = LayerTimes()
    reference = find_network("(3,32)x2").at(space.input, space.classes)
    for network in (reference, *islice(networks_of(space, Random(0)), 200)):
        units = [signature_of(node, first=i == 0) for i, node in enumerate(nodes_of(network))]
        found = tuple((unit, unit.macs / 1e6 + 0.01) for unit in units)
        times.add(network, LayerProfile(sum(ms for _, ms in found), found))
    for _ in range(20):
        times.add_check(1.0, 1.05)
    with one_thread():
        table = TimeTable(timing_machine(torch.device("cpu")), {Setting(): times})
    path = tmp_path / "table.json"
    table.write(path)
    return path


def test_budget_predicts_times_by_a_table(nas_tc, time_table, monkeypatch, tmp_path):
    budget = ("budget", "latency<=1ms, params<=100k")
    code, out, _ = nas_tc(*budget, "--time-table", time_table)
    assert code == 0
    assert "1 ms: predicted by a table of" in out
    assert "its error was +5.0% to +5.0%" in out
    row = re.search(r"latency<=1ms, predicted +(\S+) ms +(\S+) ms +(\S+) ms +(\S+)%", out)
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
    assert "none of these fits, but they lead to one that does: (" in out


def test_eager_times_are_of_gpus_alone(nas_tc, time_table, monkeypatch, tmp_path):
    own = default_table(tmp_path, TimeTable.read(time_table).machine)
    own.parent.mkdir(parents=True)
    own.write_bytes(time_table.read_bytes())
    monkeypatch.setenv("NAS_TC_CACHE", str(tmp_path))  # with a table of this processor
    code, out, _ = nas_tc("budget", "train_step_eager<=1ms@b8")
    assert code == 0
    assert "train_step_eager  train_step_eager<=1ms@b8: no formula says this" in out
    command = "nas-tc calibrate --space plain-32 --input 3x32x32 --classes 10 --batch 8 --training"
    assert f"{command} --eager --device cuda" in " ".join(out.split())


def test_budget_says_what_to_run_where_times_are_not_known(nas_tc, time_table):
    _, out, _ = nas_tc("budget", "train_step<=1s@b8, latency<=J@224*0.5, params<=1M")
    for words in ("--batch 8 --training", "--input 3x32x32 --classes 10\n"):
        assert "to predict it: nas-tc calibrate --space plain-32" in out
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
