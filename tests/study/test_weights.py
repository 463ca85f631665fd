"""Weights beside a study: those near the front are kept, all others are removed."""

import errno
import shutil
from dataclasses import replace

import pytest

from nas_tc.errors import StudyError
from nas_tc.study import weights_file
from nas_tc.study.weights import Weights, without_weights


@pytest.fixture
def weights(tmp_path):
    return Weights(tmp_path / "study.db", ("error", "complexity"), timed_briefly=False)


def kept(weights, trials):
    return [t.number for t in trials if weights_file(weights.path, t.number).is_file()]


def chain(study, count):
    """Trials of which each is beaten by all before it."""
    first = study.trials[0]
    return [
        replace(
            first,
            number=number,
            architecture=replace(first.architecture, classes=10 + number),
            complexity=1000 + number,
            val_errors={1: 0.1 + 0.01 * number},
        )
        for number in range(count)
    ]


def test_the_front_and_the_two_fronts_behind_it_keep_their_weights(study, weights):
    trials = chain(study, 6)
    for number in reversed(range(6)):  # the best comes last
        weights.keep(trials[number], bytes([number]), trials[number + 1 :])
        weights.drop(trials[number:])
    assert kept(weights, trials) == [0, 1, 2]
    assert weights_file(weights.path, 2).read_bytes() == bytes([2])


def test_the_weights_of_a_network_far_from_the_front_are_not_written(study, weights):
    trials = chain(study, 6)
    for number in range(6):
        weights.keep(trials[number], b"w", trials[:number])
    assert kept(weights, trials) == [0, 1, 2]


def test_a_network_that_may_be_quicker_than_it_seemed_keeps_its_weights(study, tmp_path):
    trials = [
        replace(trial, times={"latency": {"ms": 10.0 + 0.1 * number}})
        for number, trial in enumerate(chain(study, 6))
    ]
    for brief in (False, True):
        beside = Weights(tmp_path / f"{brief}.db", ("error", "latency"), timed_briefly=brief)
        for number in range(6):
            beside.keep(trials[number], b"w", trials[:number])
        assert kept(beside, trials) == (list(range(6)) if brief else [0, 1, 2])


def test_a_folder_that_cannot_be_written(study, weights):
    weights_file(weights.path, 0).parent.parent.write_text("a file")
    with pytest.raises(StudyError, match="finished trials are kept: make room"):
        weights.keep(study.trials[0], b"w", ())


def test_what_cannot_be_removed_now_is_removed_later(study, weights, monkeypatch):
    """Such as on a disk that has turned read-only."""
    trials = chain(study, 6)
    for number in reversed(range(6)):
        weights.keep(trials[number], b"w", trials[number + 1 :])

    def is_readonly(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", is_readonly)
        weights.drop(trials)
    assert kept(weights, trials) == list(range(6))
    weights.drop(trials)
    assert kept(weights, trials) == [0, 1, 2]


def test_a_trial_without_weights_names_those_that_have_them(study, tmp_path):
    path = tmp_path / "study.db"
    record = replace(study, path=path)
    error = without_weights(record, record.trials[3])
    assert str(error).endswith("trial 3 (pruned) has no weights: a study keeps those of the "
                               "front and near it: none yet")  # fmt: skip
    weights_file(path, 0).parent.mkdir(parents=True)
    shutil.copyfile(weights_file(study.path, 0), weights_file(path, 0))
    assert str(without_weights(record, record.trials[3])).endswith("near it: 0")
