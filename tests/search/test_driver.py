"""The driver with workers that answer when and what a test wants; no Ray."""

from collections import deque
from dataclasses import replace

import pytest

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.data import load_data
from nas_tc.recipe import Recipe
from nas_tc.sampler import ParetoPruner
from nas_tc.search import NullListener
from nas_tc.search.driver import Driver
from nas_tc.search.interrupts import Interrupts
from nas_tc.search.pool import FailedError, LostError
from nas_tc.search.session import Session
from nas_tc.search.settings import Settings
from nas_tc.search.stop_time import StopTime
from nas_tc.space import parse_space
from nas_tc.study import read_study, trial_rows, weights_file
from nas_tc.study.record import record_of
from nas_tc.study.storage import lock_study, open_study
from nas_tc.training import Rung
from nas_tc.worker import TrainingResult

# 2/2 and 3/2 poolings leave 3 of 7 pixels, so its two networks cost the same.
TIED = """
input = [1, 7, 7]
[[stage]]
depth = 1
width = 4
filter = 3
pool = ["2/2", "3/2"]
[[stage]]
depth = 1
width = 4
filter = 3
"""


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self):
        return self.now


class Workers:
    """Answers each call at once, in the order that `pick` says."""

    def __init__(self, size, answer, pick):
        self.idle, self.busy, self._answer, self._pick = size, 0, answer, pick
        self.size = size
        self._calls = deque()
        self.begun = []

    def begin(self, number, architecture, seed, state):
        self.idle -= 1
        self.busy += 1
        self.begun.append((number, architecture, seed))
        self._calls.append(number)

    def advance(self, number):
        self._calls.append(number)

    def release(self, number):
        self.idle += 1
        self.busy -= 1

    def drop(self, number):
        self._calls.remove(number)
        self.release(number)

    def next_result(self, timeout_s):
        number = self._pick(self._calls)
        self._calls.remove(number)
        return number, self._answer(number)


@pytest.fixture
def drive(tmp_path):
    """Runs the driver over the two networks; gives the record and the study's path."""
    path = tmp_path / "study.db"
    data = load_data("digits", side=(7, 7))
    space = parse_space(TIED, "tied", "tied.toml").at(data.shape, 10)
    limit = resolve_budget(parse_budget("1M"), data.shape)
    settings = Settings(space, limit, data, Recipe(epochs=1), seed=0)

    def run(answer, pick=min, goal=2, listener=None, stop=None):
        pool = Workers(2, answer, pick)
        with lock_study(path), open_study(path, settings.to_dict()) as study:
            session = Session(study, path, pool, listener or NullListener(), Interrupts())
            Driver(session, settings, goal, stop=stop).run()
            return record_of(study, path), pool

    return run


def good(error):
    return TrainingResult(Rung(1, error, 1.0, 0.1), weights=b"weights")


@pytest.mark.parametrize("pick", [min, max])
def test_of_equal_networks_the_one_on_the_front_has_its_weights(drive, pick):
    record, _ = drive(lambda number: good(0.25), pick)
    assert [t.complexity for t in record.trials] == [record.trials[0].complexity] * 2
    (only,) = record.front
    assert weights_file(record.path, only.number).is_file()


def test_a_network_trained_again_counts_with_its_mean_error(drive):
    errors = [0.2, 0.4, 0.3, 0.25]
    record, _ = drive(lambda number: good(errors[number]), goal=2)  # the space has no third
    assert record.best.number == 0
    with open_study(record.path, dict(record.settings)) as study:
        for _ in range(2):
            study.enqueue_trial(record.best.genes)
    record, pool = drive(lambda number: good(errors[number]), goal=4)
    first = record.trials[0]
    assert first.repeats == (0.3, 0.25)
    assert first.mean_val_error == pytest.approx(0.25)
    assert [trial.repeat_of for trial in record.trials] == [None, None, 0, 0]
    assert [trial.number for trial in record.front] == [0]
    assert first.val_error == 0.2
    assert len({seed for *_, seed in pool.begun}) == 2  # each time with another seed


def test_a_training_that_is_stopped_names_the_network_and_does_not_count(drive):
    ends = []
    listener = NullListener()
    listener.ended = ends.append
    record, _ = drive(lambda number: good(0.2 + number / 10), listener=listener)
    with open_study(record.path, dict(record.settings)) as study:
        for _ in range(2):
            study.enqueue_trial(record.best.genes)
    answers = {2: TrainingResult(diverged="the loss is nan"), 3: FailedError("it cannot be built")}
    record, _ = drive(answers.get, goal=4, listener=listener)
    assert [trial.repeat_of for trial in ends] == [None, None, 0, 0]
    assert [trial.repeat_of for trial in record.trials] == [None, None, 0, 0]
    assert record.trials[0].repeats == ()
    assert record.best.mean_val_error == 0.2


def test_a_second_training_is_not_pruned(drive):
    """Only a first training is stopped by its early rungs."""
    rungs = {}

    def answer(number):
        if rungs.setdefault(number, 0):
            return TrainingResult(Rung(2, 0.2 + number / 100, 1.0, 0.1), weights=b"weights")
        rungs[number] = 1
        worse = 0.5 if number < 2 else 0.9
        return TrainingResult(Rung(1, worse, worse, 0.1))

    def again(*trials):
        with open_study(record.path, dict(record.settings)) as study:
            for trial in trials:
                study.enqueue_trial(trial.genes)

    record, _ = drive(answer, goal=1)
    again(record.trials[0])
    record, _ = drive(answer, goal=3)
    again(record.trials[2], record.trials[0])
    record, _ = drive(answer, goal=5)
    assert [trial.repeat_of for trial in record.trials] == [None, 0, None, None, 0]
    states = [trial.state for trial in record.trials]
    assert states == ["complete", "complete", "pruned", "pruned", "complete"]
    assert record.trials[0].repeats == pytest.approx((0.21, 0.24))


def test_training_losses_are_kept_and_decide_who_is_stopped(drive):
    """Errors fall from trial to trial while losses rise, so that errors would stop nobody."""
    seen = set()

    def answer(number):
        if number in seen:
            return TrainingResult(Rung(2, 0.5, 1.0, 0.1), weights=b"weights")
        seen.add(number)
        return TrainingResult(Rung(1, 0.9 - number / 10, 1.0 + number, 0.1))

    record, _ = drive(answer)
    assert [trial.train_losses for trial in record.trials] == [{1: 1.0, 2: 1.0}, {1: 2.0, 2: 1.0}]
    with open_study(record.path, dict(record.settings)) as study:
        study.pruner = ParetoPruner(reading="train_losses")
        trial = study.ask()
        trial.set_user_attr("complexity", record.trials[0].complexity)
        trial.set_user_attr("train_losses", {"1": 3.0})
        trial.report(0.1, 1)
        assert trial.should_prune()


def test_what_was_beaten_by_luck_is_on_the_front_again_with_its_weights(drive):
    errors = [0.2, 0.3, 0.6]
    record, _ = drive(lambda number: good(errors[number]), goal=2)
    with open_study(record.path, dict(record.settings)) as study:
        study.enqueue_trial(record.best.genes)
    record, _ = drive(lambda number: good(errors[number]), goal=3)
    (only,) = record.front
    assert only.number == 1  # 0.3 against 0.4, the mean of two
    assert weights_file(record.path, 1).read_bytes() == b"weights"
    assert not weights_file(record.path, 2).exists()


def test_a_network_that_outlives_two_workers_is_given_up(drive):
    record, pool = drive(lambda number: LostError("gone") if number in (0, 2) else good(0.5))
    first = record.trials[0].architecture
    assert [t.state for t in record.trials if t.architecture == first] == ["failed", "failed"]
    assert record.done == 1  # the space has no third
    # the seed hangs on the network, so that it is trained in the same way each time
    assert len({seed for _, architecture, seed in pool.begun if architecture == first}) == 1


def test_a_network_whose_worker_dies_is_tried_again_though_the_space_is_exhausted(drive):
    record, _ = drive(lambda number: LostError("gone") if number == 1 else good(0.5), goal=9)
    assert record.done == 2


def test_what_each_worker_has_to_say_is_said_once(drive):
    notes = []
    listener = NullListener()
    listener.note = notes.append
    drive(lambda number: replace(good(0.5), note="the images are sent"), listener=listener)
    assert notes == ["the images are sent"]


class KilledError(Exception):
    pass


def killed(*_):
    raise KilledError


@pytest.mark.parametrize("last", ["architecture", "complexity", "params"])
def test_a_study_is_read_and_resumed_wherever_a_trial_was_cut_off(drive, tmp_path, last):
    row = trial_rows.attribute_row
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            trial_rows,
            "attribute_row",
            lambda trial, key, value: killed() if key == last else row(trial, key, value),
        )
        with pytest.raises(KilledError):
            drive(lambda number: good(0.5))
    assert read_study(tmp_path / "study.db").trials == ()
    record, _ = drive(lambda number: good(0.5), goal=2)
    assert record.done == 2  # the space has no third: the one that was cut off is not lost


def test_a_study_that_an_older_search_was_killed_in_is_read(drive, tmp_path):
    record, _ = drive(lambda number: good(0.5), goal=1)
    with open_study(record.path, dict(record.settings)) as study:
        study.ask().set_user_attr("architecture", record.trials[0].architecture.to_dict())
        assert record_of(study, record.path) == record


def test_a_kill_before_a_network_is_queued_again_does_not_lose_it(drive):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nas_tc.search.failures.enqueue", killed)
        with pytest.raises(KilledError):
            drive(lambda number: LostError("gone") if number == 0 else good(0.5), goal=1)
    record, _ = drive(lambda number: good(0.5))
    assert record.done == 2


@pytest.fixture
def notes():
    """A listener that keeps its notes in `texts`."""
    listener = NullListener()
    listener.texts = []
    listener.note = listener.texts.append
    return listener


def test_no_training_begins_that_would_end_too_late(drive, notes):
    clock = Clock()

    def answer(number):
        clock.now += 30
        return good(0.25)

    record, _ = drive(answer)
    with open_study(record.path, dict(record.settings)) as study:
        for _ in range(3):
            study.enqueue_trial(record.best.genes)
    stop = StopTime(60, clock)  # five of the seconds are for the report
    record, pool = drive(answer, goal=None, listener=notes, stop=stop)
    assert [number for number, *_ in pool.begun] == [2, 3]  # at once; then 25 s are left
    assert [trial.state for trial in record.trials] == ["complete"] * 4
    assert notes.texts[-1].startswith("no other training fits before the end: 4 trials are done")


def test_what_runs_when_the_time_is_over_is_queued_again(drive, notes):
    clock = Clock()

    def answer(number):
        clock.now += 56
        return TrainingResult(Rung(1, 0.3, 1.0, 0.1))  # one more rung is to come

    record, pool = drive(answer, goal=None, listener=notes, stop=StopTime(60, clock))
    assert "2 networks that were being trained are queued again" in notes.texts[-2]
    assert pool.idle == 2
    assert [trial.state for trial in record.trials] == ["failed", "failed"]
    record, _ = drive(lambda number: good(0.25), goal=2)
    assert record.done == 2
    assert {t.network for t in record.trials[:2]} == {t.network for t in record.trials[2:]}
