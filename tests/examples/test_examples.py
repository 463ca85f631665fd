"""The examples run."""

import runpy
from pathlib import Path

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
