"""Weights of the front that are gone are made again, by the training that made them."""

from dataclasses import replace

import optuna
import pytest

from handmade_study import make_study
from nas_tc.search.lost_weights import restore_weights, shown_without_weights
from nas_tc.search.pool import FailedError, LostError
from nas_tc.search.stop_time import StopTime
from nas_tc.study.attributes import TEST_ERRORS_KEY
from nas_tc.study.files import weights_file
from nas_tc.study.study_url import StudyUrl
from nas_tc.study.weights import near_weights
from nas_tc.training import Rung
from nas_tc.worker import TrainingResult
from recording_listener import RecordingListener


def test_a_search_makes_weights_again_that_are_gone(tiny_search):
    record = tiny_search(trials=4)
    files = {each.number: weights_file(record.path, each.number) for each in record.front}
    before = {number: file.read_bytes() for number, file in files.items()}
    gone = record.best.number
    files[gone].unlink()
    assert [each.number for each in shown_without_weights(record)] == [gone]
    listener = RecordingListener()
    again = tiny_search(trials=4, listener=listener)
    assert {number: file.read_bytes() for number, file in files.items()} == before
    assert [each.val_error for each in again.trials] == [each.val_error for each in record.trials]
    told = [note for note in listener.notes if "weights are gone" in note]
    assert told == [f"trial {gone} is shown, and its weights are gone: its training is repeated"]


class OneWorker:
    """Answers from a list."""

    def __init__(self, *answers):
        self.answers, self.begun, self.busy, self.idle = list(answers), [], 0, 1

    def begin(self, number, network, seed, state):
        self.begun.append((number, state))
        self.busy, self.idle = 1, 0

    def advance(self, number):
        pass

    def release(self, number):
        self.busy, self.idle = 0, 1

    def next_result(self, timeout_s):
        return self.begun[-1][0], self.answers.pop(0)


class Session:
    """A study with one worker."""

    retries = 1

    def __init__(self, record, pool):
        self.path, self.pool, self.listener = record.path, pool, RecordingListener()
        self._record = record
        self.study = optuna.create_study()
        self.study.set_user_attr(TEST_ERRORS_KEY, {"1": 0.5, "99": 0.5})

    def record(self):
        return self._record

    def check(self):
        pass


def rung(epoch, error):
    return Rung(epoch, error, 1.0, 0.1, 1.0)


@pytest.fixture
def bare(tmp_path):
    """A study whose only member lacks its weights."""
    study = make_study(tmp_path / "digits.db")
    for file in study.path.parent.rglob("*.safetensors"):
        file.unlink()
    trials = tuple(each for each in study.trials if each.number == study.best.number)
    assert [each.number for each in shown_without_weights(replace(study, trials=trials))] == [
        study.best.number
    ]
    return replace(study, trials=trials)


def test_another_error_is_told(bare):
    pool = OneWorker(TrainingResult(rung(1, 0.5)), TrainingResult(rung(2, 0.25), b"weights"))
    session = Session(bare, pool)
    restore_weights(session)
    number = bare.trials[0].number
    assert weights_file(bare.path, number).read_bytes() == b"weights"
    assert [each for each, _ in pool.begun] == [number]
    assert "has an error of 25.00 %, not 10.00 %" in session.listener.notes[-1]
    assert session.study.user_attrs[TEST_ERRORS_KEY] == {"99": 0.5}  # it is tested anew


def test_a_worker_that_dies_costs_a_rung_and_no_second_one_is_tried(bare):
    number = bare.trials[0].number
    pool = OneWorker(
        TrainingResult(rung(1, 0.5), state=b"state"),
        LostError("gone"),
        TrainingResult(rung(2, 0.25), b"weights"),
    )
    restore_weights(Session(bare, pool))
    assert pool.begun == [(number, None), (number, b"state")]
    assert not shown_without_weights(bare)
    weights_file(bare.path, bare.trials[0].number).unlink()
    pool = OneWorker(LostError("gone"), LostError("gone"))
    session = Session(bare, pool)
    restore_weights(session)
    assert session.listener.notes[-1].endswith("could not be repeated: gone")


@pytest.mark.parametrize(
    "answer", [FailedError("it broke"), TrainingResult(None, diverged="it broke")]
)
def test_what_fails_is_told(bare, answer):
    session = Session(bare, OneWorker(answer))
    restore_weights(session)
    assert session.listener.notes[-1].endswith("could not be repeated: it broke")
    assert shown_without_weights(bare)


def test_nothing_begins_that_cannot_end_in_time(bare):
    pool = OneWorker()
    stop = StopTime(60.0)
    stop.took(100.0)
    session = Session(bare, pool)
    restore_weights(session, stop)
    assert not pool.begun
    assert "no time is left to repeat their trainings" in session.listener.notes[-1]


def test_weights_that_another_machine_keeps_are_not_missed(bare):
    url = StudyUrl("postgresql://nas@host/db")
    assert not shown_without_weights(replace(bare, path=url))


def test_a_baseline_is_shown_by_the_first_trial_of_its_network(bare):
    """So its weights are kept, however far from the front it is."""
    (best,) = bare.trials
    cheap = replace(best.architecture, stages=best.architecture.stages[:1])
    far = replace(best, number=7, architecture=cheap, val_errors={2: 0.9}, complexity=10**12)
    again = replace(far, number=8, baseline="vgg", repeat_of=7)
    between = [
        replace(best, number=10 + n, val_errors={2: 0.2 + n / 100}, complexity=10**6 + n)
        for n in range(4)
    ]
    kept = near_weights([best, *between, far, again], ("error", "complexity"))
    assert {7, 8} <= {each.number for each in kept}
    kept = near_weights([best, *between, far], ("error", "complexity"))
    assert 7 not in {each.number for each in kept}
