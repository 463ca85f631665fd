"""The same result again: a whole search in another process, and one trial by itself."""

import subprocess
import sys
from dataclasses import replace

import pytest

from nas_tc.errors import StudyError
from nas_tc.search.as_searched import changes_since, seed_of, train_as_searched
from nas_tc.study import read_study
from nas_tc.study.environment import run_record
from nas_tc.worker import training_seed


def test_the_seed_is_that_of_the_search(study):
    first, second, *_ = study.trials
    own = study.settings["seed"]
    assert seed_of(study, first) == training_seed(own, first.architecture)
    again = replace(second, architecture=first.architecture)
    twice = replace(study, trials=(first, again))
    assert seed_of(twice, again) == training_seed(own, first.architecture, 1)
    lent = replace(second, reused="other.db#7", reused_seed=5)
    assert seed_of(study, lent) == training_seed(5, second.architecture)


def test_what_has_no_error_is_not_repeated(study):
    with pytest.raises(StudyError, match=r"trial 4 \(failed\) has no validation error to repeat"):
        next(train_as_searched(study, study.trials[4], None))


def test_what_has_changed_since_is_told(study):
    run = run_record("nas-tc search")
    assert changes_since(study) == changes_since(replace(study, runs=(run,))) == []
    run["packages"] = {**run["packages"], "torch": "2.0.0"}
    run["machine"] = {**run["machine"], "processor": "Z80"}
    torch, processor = changes_since(replace(study, runs=(run,)))
    assert torch.startswith("torch 2.0.0, now 2.")
    assert processor.startswith("processor Z80, now ")


@pytest.mark.slow
def test_two_processes_find_the_same_and_a_trial_can_be_repeated(tmp_path):
    command = [
        *(sys.executable, "-m", "nas_tc.cli", "search", "--budget", "alexnet*0.05"),
        *("--trials", "12", "--epochs", "3", "--workers", "1", "--baselines", "none"),
    ]
    for name in ("one.db", "two.db"):
        subprocess.run([*command, "--study", name], cwd=tmp_path, check=True, capture_output=True)
    one, two = (read_study(tmp_path / name) for name in ("one.db", "two.db"))
    assert [t.architecture for t in one.trials] == [t.architecture for t in two.trials]
    assert [t.val_errors for t in one.trials] == [t.val_errors for t in two.trials]
    assert [t.test_error for t in one.trials] == [t.test_error for t in two.trials]
    for name in ("one.db", "two.db"):  # the weights are the same bytes
        assert (tmp_path / name).with_suffix("").joinpath("weights").is_dir()
    for trial in one.front:
        weights = [
            (tmp_path / name / "weights" / f"trial-{trial.number:06d}.safetensors").read_bytes()
            for name in ("one", "two")
        ]
        assert weights[0] == weights[1]
    pruned = [t.number for t in one.trials if t.state == "pruned" and t.val_errors]
    for number in (one.best.number, *pruned[:1]):
        again = ["train", "one.db", "--trial", str(number), "--as-searched"]
        ended = subprocess.run(
            [sys.executable, "-m", "nas_tc.cli", *again],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout.splitlines()[-1] == "the same as in the search, to the last digit"
