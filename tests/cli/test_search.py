"""`nas-tc search`: from the command line to a report."""

import json

import pandas as pd
import pytest

from nas_tc.study import read_study


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
    assert {trial.baseline for trial in record.baselines} == {"vgg", "resnet", "he-sun"}
    seconds, verdict = out.splitlines()[-2:]
    assert seconds.startswith("3 baselines: ")
    assert "better than the best baseline (" in verdict
    code, out, err = nas_tc("search", "--budget", "alexnet*0.1", *arguments, "--json")
    assert code == 0
    document = json.loads(out)  # the progress is elsewhere
    assert "nothing is left to train" in err
    assert document["front"] == [trial.number for trial in record.front]
    assert not document["interrupted"]


@pytest.mark.parametrize(
    "field", ["seed=3", "budget=1M", "learning_rate=inf", "learning_rate=1e300", "augment=turn"]
)
def test_set_takes_fields_of_a_recipe_alone(nas_tc, field):
    code, _, err = nas_tc("search", "--budget", "1M", "--set", field)
    assert code == 2
    assert field.partition("=")[0] in err
    assert err.count("\n") == 1


def test_augmentations_may_be_set_as_a_list(nas_tc):
    arguments = ("search", "--budget", "1M", "--data", "npz:none.npz", "--set")
    for listed in ("augment=crop,flip", "augment=none", "augment=crop"):
        code, _, err = nas_tc(*arguments, listed)
        assert (code, "no file 'none.npz'" in err) == (
            2,
            True,
        )  # it is read, and the images come next
