"""Trainings that end before their last rung: a retry or a later start goes on from the last one."""

import pytest
from simulated_results import EPOCHS, RUNGS, rung_of, weights_of
from simulated_search import settings_of

from nas_tc.search.driver import Driver
from nas_tc.search.pool import LostError
from nas_tc.search.session import Session
from nas_tc.study.checkpoints import Checkpoints
from nas_tc.study.record import record_of
from nas_tc.study.storage import lock_study, open_study, requeue_running
from recording_listener import RecordingListener


class Climber:
    """One worker, whose state of a training is the number of its rungs.

    Args:
        deaths: Tries and numbers of rungs after which the worker dies.
    """

    size = 1

    def __init__(self, *deaths):
        self.deaths, self.idle, self.busy, self.states = deaths, 1, 0, []

    def begin(self, number, network, seed, state):
        self.states.append(state)
        self.number, self.network, self.seed = number, network, seed
        self.rungs = self.told = int(state or 0)
        self.idle, self.busy = 0, 1

    def advance(self, number):
        assert number == self.number

    def release(self, number):
        self.idle, self.busy = 1, 0

    def next_result(self, timeout_s):
        from nas_tc.worker import TrainingResult

        if (len(self.states), self.rungs) in self.deaths:
            return self.number, LostError("the worker died: a test")
        rung, *earlier = (
            rung_of(self.network, self.seed, epochs)
            for epochs in (RUNGS[self.rungs], *RUNGS[: self.told])
        )
        self.rungs, self.told = self.rungs + 1, 0
        answer = {"earlier": tuple(earlier)}
        if rung.epoch == EPOCHS:
            answer["weights"] = weights_of(self.network)
        else:
            answer["state"] = b"%d" % self.rungs
        return self.number, TrainingResult(rung, **answer)


class Stops:
    """Ctrl-C at one of the checks."""

    def __init__(self, at):
        self.left = at

    def check(self):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.fixture
def climb(tmp_path):
    """Runs a search of one network; gives the record and the listener."""
    path = tmp_path / "study.db"
    settings = settings_of(0)

    def run(pool, retries=1, stop_at=0):
        listener = RecordingListener()
        with lock_study(path), open_study(path, settings.to_dict()) as study:
            session = Session(study, path, pool, listener, Stops(stop_at), retries)
            try:
                Driver(session, settings, goal=1).run()
            except KeyboardInterrupt:
                requeue_running(study)
            return record_of(study, path), listener.notes

    run.checkpoints = Checkpoints(path)
    return run


def test_a_network_whose_worker_died_goes_on_from_its_last_rung(climb):
    undisturbed, _ = climb(Climber())
    (trial,) = undisturbed.trials
    undisturbed.path.unlink()
    pool = Climber((1, 2), (2, 2))
    record, notes = climb(pool, retries=2)
    *failed, last = record.trials
    assert [each.state for each in failed] == ["failed", "failed"]
    assert pool.states == [None, b"2", b"2"]
    assert (last.val_errors, last.train_losses) == (trial.val_errors, trial.train_losses)
    assert (last.state, last.network) == ("complete", trial.network)
    assert notes == ["trial 2 goes on after epoch 2"]
    assert not climb.checkpoints.folder.exists()


def test_a_network_that_is_given_up_leaves_no_checkpoint(climb):
    climb(Climber((1, 1)), retries=0)
    assert not climb.checkpoints.folder.exists()


def stopped(climb):
    """A search that Ctrl-C has ended after the second rung of its network."""
    pool = Climber()
    record, _ = climb(pool, stop_at=3)
    assert [trial.state for trial in record.trials] == ["failed"]
    (file,) = climb.checkpoints.folder.iterdir()
    return file


def test_a_search_that_was_stopped_goes_on_in_the_middle_of_a_training(climb):
    stopped(climb)
    pool = Climber()
    record, notes = climb(pool)
    assert pool.states == [b"2"]
    assert notes == ["trial 1 goes on after epoch 2"]
    assert tuple(record.trials[1].val_errors) == RUNGS
    assert not climb.checkpoints.folder.exists()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:-1]), ".rung is damaged"),
        (lambda file: file.unlink(), "the checkpoint of epoch 2 is missing, "),
    ],
)
def test_without_its_checkpoint_a_training_begins_anew_with_a_word(climb, spoil, words):
    spoil(stopped(climb))
    pool = Climber()
    record, notes = climb(pool)
    assert pool.states == [None]
    (note,) = notes
    assert words in note
    assert note.endswith(": the training of trial 1 begins anew")
    assert tuple(record.trials[1].val_errors) == RUNGS


def test_a_checkpoint_that_cannot_be_written_is_told_once_and_ends_nothing(climb):
    climb.checkpoints.folder.parent.mkdir()
    climb.checkpoints.folder.touch()
    record, notes = climb(Climber())
    assert record.done == 1
    (note,) = notes
    assert note.startswith("cannot write ")
    assert note.endswith("; the search goes on without this checkpoint")
