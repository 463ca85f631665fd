"""What a search prints about a trial that has ended."""

import sys
from dataclasses import replace

import pytest

from nas_tc.cli.progress import Lines


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "trial 3 pruned after 1 epoch: error 80.00 %, "),
        (
            {"repeat_of": 1},
            "trial 3 pruned after 1 epoch (the network of trial 1 again): error 80.00 %, ",
        ),
        (
            {"repeat_of": 1, "reason": "the loss is nan"},
            "trial 3 stopped (the network of trial 1 again), the loss is nan: ",
        ),
        (
            {"repeat_of": 1, "reason": "the worker died", "state": "failed"},
            "trial 3 failed (the network of trial 1 again): the worker died: ",
        ),
    ],
)
def test_the_line_of_a_trial_names_the_network_that_it_repeats(study, capsys, changes, line):
    Lines(sys.stdout).ended(replace(study.trial(3), **changes))
    trial = study.trial(3)
    expected = f"{line}{trial.complexity:,} multiply-adds, {trial.network}\n"
    assert capsys.readouterr().out == expected


def test_networks_are_named_with_the_size_of_their_images_once_they_differ(study, capsys):
    lines, trial = Lines(sys.stdout), study.trial(3)
    small = replace(trial, architecture=trial.architecture.at((1, 24, 24)))
    for each in (trial, small, trial):
        lines.ended(each)
    ends = [line.rpartition("32)/2")[2] for line in capsys.readouterr().out.splitlines()]
    assert ends == ["", " at 24x24", " at 32x32"]
