"""`nas-tc experiment` on the command line."""

import json

import pytest

from nas_tc.experiment import shipped_experiments


def test_all_are_listed(nas_tc):
    code, out, err = nas_tc("experiment")
    assert (code, err) == (0, "")
    assert all(name in out for name in shipped_experiments())


def test_a_check_prints_the_plan_and_trains_nothing(nas_tc):
    code, printed, _ = nas_tc("experiment", "nin", "--check", "--seeds", "2", "--epochs", "3")
    assert code == 0
    assert "B-nin is outside of the budget: the paper adds" in printed
    assert "B -> B-nin: block, plain -> plain[nin]" in printed
    assert "claim: B-nin > B" in printed
    assert "7 networks x 2 seeds, 3 epochs of full" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dpeth-filter"], "did you mean 'depth-filter'"),
        (["none.toml"], "cannot read the experiment"),
        (["nin"], "which images?"),
        (["nin", "--data", "digits"], "the experiment has train_images"),
        (["nin", "--check", "--set", "epoch=3"], "did you mean 'epochs'"),
        (["nin", "--check", "--epochs", "0"], "epochs must be 1 or more"),
        (["nin", "--seeds", "0"], "--seeds must be 1 or more"),
        (["nin", "--data", "parquet:/nowhere"], "no folder"),
    ],
)
def test_bad_input_is_one_line(nas_tc, arguments, message):
    code, _, err = nas_tc("experiment", *arguments)
    assert code == 2
    assert message in err
    assert err.startswith("nas-tc: ")
    assert err.count("\n") == 1


TEXT = """
input = [1, 16, 16]
train_images = 100
[recipe]
base = "quick"
epochs = 1
[[network]]
name = "A"
network = "(3,8)/2 | (3,16)/2"
paper_error = 37.4
[[network]]
name = "B"
network = "(3,8)/2 | (3,8)/2"
unequal_because = "it is small"
[[claim]]
says = "Wide is good."
error = "B > A"
"""


def test_an_experiment_ends_with_its_table_and_verdicts(nas_tc, cluster, kept_workers, tmp_path):
    (tmp_path / "mine.toml").write_text(TEXT)
    arguments = ("experiment", "mine.toml", "--data", "digits", "--workers", "1", "--device", "cpu")
    code, out, err = nas_tc(*arguments, "--seeds", "2", "--out", "out")
    assert (code, err) == (0, "")
    code, document, err = nas_tc(*arguments, "--seeds", "2", "--out", "out", "--json")
    assert json.loads(document)["trainings"] == {"done": 4, "goal": 4}
    assert "4/4 B, seed 1: validation error " in out
    row = next(line.split() for line in out.splitlines() if line.startswith(" A "))
    assert row[1:2] + row[-3:] == ["37.4", "(3,8)/2", "|", "(3,16)/2"]
    assert "\n  B > A: " in out
    assert "out/ (report.md, networks.csv" in out
    # A file that was changed so that errors cannot be compared.
    (tmp_path / "mine.toml").write_text(TEXT.replace("epochs = 1", "epochs = 2"))
    code, _, err = nas_tc(*arguments, "--seeds", "2", "--out", "out")
    assert code == 2
    assert "recipe: epochs 1 against 2" in err
    assert err.count("\n") == 1


def test_files_of_another_origin_are_not_replaced(nas_tc, tmp_path):
    (tmp_path / "mine.toml").write_text(TEXT)
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "report.md").write_text("my own")
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "networks.csv").write_text("name,speed")
    for place, complaint in (
        ("project", "project has report.md of another origin"),
        ("mine.toml", "mine.toml is a file; name a folder"),
        ("tables", "tables has networks.csv of another origin"),
    ):
        code, _, err = nas_tc("experiment", "mine.toml", "--data", "digits", "--out", place)
        assert code == 2
        assert f"nas-tc: {complaint}" in err
    assert (tmp_path / "project" / "report.md").read_text() == "my own"
    assert sorted(each.name for each in (tmp_path / "project").iterdir()) == ["report.md"]
