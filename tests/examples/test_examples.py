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
