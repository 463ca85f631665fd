"""Workers that give no answer, by a clock of our own."""

import time
from math import inf

import pytest

from nas_tc.errors import NasTcError
from nas_tc.search.deadlines import Deadlines
from nas_tc.search.pool import Pool
from nas_tc.worker import Worker


class HandClock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_a_call_is_overdue_after_the_limit():
    clock = HandClock()
    deadlines = Deadlines(30.0, clock)
    deadlines.watch(["a"])
    clock.now = 20.0
    deadlines.watch(["a", "b"])  # a call keeps its first time
    clock.now = 30.0
    assert deadlines.overdue() is None
    clock.now = 31.0
    assert deadlines.overdue() == "a"
    assert deadlines.overdue() is None  # told once
    clock.now = 51.0
    assert deadlines.overdue() == "b"


def test_without_a_limit_the_answers_so_far_count():
    clock = HandClock()
    deadlines = Deadlines(None, clock)
    deadlines.watch(["a", "b", "c"])
    assert deadlines.limit_s == inf
    clock.now = 2.0
    deadlines.answered("a")
    assert deadlines.limit_s == 600.0
    clock.now = 10.0
    deadlines.answered("b")
    assert deadlines.limit_s == 1000.0
    clock.now = 1000.5
    assert deadlines.overdue() == "c"


def test_the_first_call_of_a_worker_counts_from_its_start():
    clock = HandClock()
    deadlines = Deadlines(30.0, clock)
    deadlines.watch(["slow", "never"], ["slow", "never"])
    clock.now = 500.0
    deadlines.watch(["slow", "never"], ["slow", "never"])
    assert deadlines.overdue() is None
    deadlines.watch(["slow", "never"], ["never"])
    clock.now = 529.0
    deadlines.watch(["slow", "never"], ["never"])
    assert deadlines.overdue() is None
    clock.now = 531.0
    assert deadlines.overdue() == "slow"
    clock.now = 601.0
    assert deadlines.overdue() == "never"


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_a_limit_is_more_than_nothing(tiny_search, seconds):
    with pytest.raises(NasTcError, match="trial_timeout_s must be more than 0"):
        tiny_search(trial_timeout_s=seconds)


@pytest.mark.faults
def test_a_worker_that_hangs_is_replaced(fresh_search, monkeypatch, tmp_path):
    hung = tmp_path / "hung"

    class Hanging(Worker):
        def advance(self):
            if not hung.exists():
                hung.touch()
                time.sleep(3600)
            return super().advance()

    monkeypatch.setattr("nas_tc.search.pool.Worker", Hanging)
    record = fresh_search(trials=3, trial_timeout_s=30)
    assert record.done == 3
    (failed,) = [trial for trial in record.trials if trial.state == "failed"]
    assert failed.reason == "the worker gave no answer within 30 s"


@pytest.mark.faults
def test_a_worker_may_start_for_longer_than_a_rung(fresh_search, monkeypatch):
    class Slow(Worker):
        def __init__(self, *arguments, **keywords):
            time.sleep(15)
            super().__init__(*arguments, **keywords)

    monkeypatch.setattr("nas_tc.search.pool.Worker", Slow)
    record = fresh_search(trials=1, trial_timeout_s=10)
    assert [trial.state for trial in record.trials] == ["complete"]


@pytest.mark.faults
def test_a_worker_that_hangs_is_found_while_others_answer(cluster, monkeypatch):
    class Sleeper:
        def __init__(self, *_, **__):
            pass

        def begin(self, seconds, seed, state):
            time.sleep(seconds)

    monkeypatch.setattr("nas_tc.search.pool.Worker", Sleeper)
    with Pool(None, None, device="cpu", workers=2) as pool:
        for key in ("one", "two"):  # both processes are there after this
            pool.begin(key, 0, 0)
        for _ in range(2):
            pool.release(pool.next_result(100)[0])
        pool._deadlines = Deadlines(5.0)
        pool.begin("hangs", 3600, 0)
        pool.begin("quick", 0.01, 0)
        started = time.monotonic()
        while (answer := pool.next_result(1.0))[0] == "quick":
            assert time.monotonic() - started < 60
            pool.release("quick")
            pool.begin("quick", 0.01, 0)
        key, error = answer
        assert key == "hangs"
        assert str(error) == "the worker gave no answer within 5 s"
