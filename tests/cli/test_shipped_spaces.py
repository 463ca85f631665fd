"""Each shipped space from the search to files that are deployed, by the command line."""

import json

import numpy as np
import pytest
import torch

import nas_tc as nas_tc_package
from nas_tc.space import shipped_spaces
from nas_tc.study import read_study

BUDGETS = {
    "he-sun-224": "120M",
    "mixed-32": "1M",
    "mixed-64": "2M, params<=200k",
    "mobile-224": "20M",
    "mobile-32": "1M, memory<=2MB",
    "plain-32": "1M, train_memory<=20MB@b32",
    "residual-224": "20M",
    "residual-32": "1M",
    "tiny-96": "weights<=64KiB@int8, memory<=32KiB@int8",
}


def write_images(path, many=48):
    """Colour images of three classes that differ in their brightness."""
    random = np.random.default_rng(0)
    labels = np.arange(many) % 3
    images = random.integers(0, 120, (many, 40, 40, 3)) + 60 * labels[:, None, None, None]
    arrays = {"x_train": images, "x_test": images[::3]}
    arrays = {name: each.astype(np.uint8) for name, each in arrays.items()}
    np.savez(path, y_train=labels, y_test=labels[::3], **arrays)


def test_each_space_has_a_budget_here():
    assert sorted(BUDGETS) == sorted(shipped_spaces())


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", BUDGETS)
def test_from_the_search_to_what_is_deployed(name, nas_tc, cluster, tmp_path):
    write_images(tmp_path / "images.npz")
    search = ("--space", name, "--data", "npz:images.npz", "--trials", "2", "--epochs", "1")
    others = ("--budget", BUDGETS[name], "--workers", "2", "--baselines", "none")
    code, out, err = nas_tc("search", *search, *others, "--study", "study.db")
    assert code == 0, err
    record = read_study(tmp_path / "study.db")
    assert record.done == 2
    assert {trial.state for trial in record.trials} <= {"complete", "pruned"}
    assert all(trial.network in out for trial in record.front)

    code, out, err = nas_tc("report", "study.db", "--out", "report")
    assert code == 0, err
    page = (tmp_path / "report" / "report.html").read_text()
    assert all(f"trial {trial.number}" in page for trial in record.front)
    best = str(record.front[-1].number)
    for arguments in (("show", "study.db"), ("show", "study.db", "--trial", best)):
        code, out, err = nas_tc(*arguments)
        assert code == 0, err
        assert record.front[-1].network in out

    code, out, err = nas_tc(
        "export", "study.db", "--best", "--out", "mine", "--int8-loss", "100", "--json"
    )
    assert code == 0, err
    found = json.loads(out)
    assert found["left_out"] == {}
    checks = {check["file"]: check for check in found["checks"]}
    assert checks.keys() >= {"network.pt2", "network.onnx", "network.int8.onnx"}
    assert checks["network.onnx"]["changed_classes"] == 0
    network = nas_tc_package.load(tmp_path / "mine")
    architecture = record.trial(found["trial"]).architecture
    assert network(torch.zeros(2, *architecture.input)).shape == (2, 3)
