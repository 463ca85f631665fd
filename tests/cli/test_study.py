"""A damaged study on the command line, and `nas-tc study rescue`."""

import json
import shutil

import pytest

from damage import edit


@pytest.fixture
def damaged(study, tmp_path):
    path = tmp_path / "digits.db"
    shutil.copy(study.path, path)
    shutil.copytree(study.path.with_suffix(""), tmp_path / "digits")
    edit(path, "complexity", "much", trial=1)
    return path


EXPERIMENT = """
title = "Two networks"
data = "digits"
input = [1, 8, 8]
seeds = 1

[[network]]
name = "found"
study = "digits.db"

[[network]]
name = "B"
network = "(3,8)"
"""


@pytest.mark.parametrize(
    "command",
    [
        ["report", "digits.db"],
        ["export", "digits.db", "--best", "--out", "out"],
        ["train", "digits.db"],
        ["search", "--budget", "alexnet*0.6", "--study", "digits.db"],
        ["experiment", "two.toml"],
    ],
)
def test_every_command_says_in_one_line_what_is_damaged(nas_tc, damaged, tmp_path, command):
    (tmp_path / "two.toml").write_text(EXPERIMENT)
    code, _, errors = nas_tc(*command)
    assert code == 2
    assert "digits.db: the study is damaged (trial 1, complexity: expected int, got str)" in errors
    assert len(errors.splitlines()) == 1


def test_a_study_is_rescued(nas_tc, damaged):
    code, out, _ = nas_tc("study", "rescue", "digits.db", "--out", "other.db", "--json")
    found = json.loads(out)
    assert (code, found["saved"], found["trials"]) == (0, "other.db", 5)
    assert found["lost"] == ["trial 1: complexity"]
    code, out, _ = nas_tc("study", "rescue", "digits.db")
    assert code == 0
    assert "lost: trial 1: complexity\n" in out
    assert "saved: digits-saved.db: 5 trials, 3 of them complete, and the weights of 2" in out
    code, out, _ = nas_tc("report", "digits-saved.db")
    assert code == 0
    assert "(3,16)/2 | 2/2 | (3,32)/2" in out
    code, out, _ = nas_tc("study", "rescue", "digits-saved.db")
    assert (code, out) == (0, "digits-saved.db: nothing is damaged\n")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["study", "rescue"], "Missing argument"),
        (["study", "rescue", "none.db"], "no study file 'none.db'"),
        (["study", "rescue", "."], "no study file '.'"),
        (
            ["study", "rescue", "text.db"],
            "text.db: nothing of it can be read (file is not a database)",
        ),
        (["study", "rescue", "digits.db", "--out", "digits.db"], "is there already"),
        (["study", "rescue", "digits.db", "--out", "text.db/x.db"], "cannot write text.db/x.db"),
        (["study", "rescue", "digits.db", "--out", "/proc/x.db"], "cannot write /proc/x.db"),
        (["study", "save", "digits.db"], "No such command 'save'"),
    ],
)
def test_what_is_wrong_is_one_line(nas_tc, damaged, tmp_path, arguments, complaint):
    (tmp_path / "text.db").write_text("a text")
    code, _, errors = nas_tc(*arguments)
    assert code == 2
    assert complaint in errors
    assert len(errors.splitlines()) == 1
