"""The examples run."""

import runpy
from pathlib import Path

from nas_tc.data import load_data

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_budget_sampler(capsys):
    example = runpy.run_path(str(EXAMPLES / "budget_sampler.py"))
    study = example["main"](trials=10)
    sizes = [example["nodes"](trial.params) for trial in study.trials]
    assert len(sizes) == 10
    assert max(sizes) <= example["NODES"]
    assert "within 20,000 nodes: trial" in capsys.readouterr().out


def test_my_network_is_read():
    from nas_tc.architecture import format_notation
    from nas_tc.reading import load_module, read_module

    reading = read_module(load_module(f"{EXAMPLES / 'my_network.py'}:MyNetwork"))
    assert format_notation(reading.architecture.stages) == "(5,16) | 2/2 | (5,32)"


def test_several_digits(tmp_path):
    runpy.run_path(str(EXAMPLES / "several_digits.py"))["main"](str(tmp_path / "several.npz"))
    data = load_data(f"npz:{tmp_path}/several.npz")
    assert (len(data.train), len(data.validation), len(data.test)) == (2400, 600, 1000)
    assert data.multilabel
    counts = data.train.labels.sum(axis=1)
    assert (counts.min(), counts.max()) == (1, 4)
    assert data.duplicates.validation == data.duplicates.test == 0
