"""Trainings without a study: the order of calls, and workers that die."""

from collections import deque

import pytest

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.metric import Confusion, Metric
from nas_tc.search.pool import FailedError, LostError
from nas_tc.search.train_and_test import Trained, TrainingJob, train_and_test
from nas_tc.training import Rung
from nas_tc.worker import TrainingResult

NETWORK = Architecture((1, 16, 16), parse_notation("(3,8)"), GAP, 10)
FIRST, LAST = Rung(1, 0.5, 2.0, 0.1), Rung(3, 0.25, 1.0, 0.3)


class ScriptedPool:
    """One worker whose answers are given beforehand."""

    def __init__(self, *answers):
        self.answers, self.calls = deque(answers), []
        self.idle, self.busy, self.metric = 1, 0, Metric.ERROR

    def begin(self, key, network, seed, state):
        self._take(("begin", key, seed, *([] if state is None else [state])))

    def test(self, key, network, weights):
        self._take(("test", key, weights))

    def advance(self, key):
        self.calls.append(("advance", key))

    def release(self, key):
        self.idle, self.busy = 1, 0

    def next_result(self, timeout_s):
        return self.calls[-1][1], self.answers.popleft()

    def _take(self, call):
        self.calls.append(call)
        self.idle, self.busy = 0, 1


def ended_by(pool, seeds=(0,)):
    found = []
    jobs = [TrainingJob(("A", seed), NETWORK, seed) for seed in seeds]
    train_and_test(pool, lambda: None, jobs, lambda job, result: found.append((job.key, result)))
    assert not pool.answers
    return found


WRONG = Confusion(2, ((0, 0, 5), (0, 1, 2), (1, 0, 1), (1, 1, 2)))  # 3 of 10 images
DONE = (TrainingResult(FIRST), TrainingResult(LAST, b"weights"), WRONG)


def test_each_network_is_trained_to_the_end_and_tested_before_the_next():
    pool = ScriptedPool(*DONE, *DONE)
    trained = Trained((FIRST, LAST), 0.3)
    assert ended_by(pool, (0, 5)) == [(("A", 0), trained), (("A", 5), trained)]
    first, second = ("A", 0), ("A", 5)
    assert pool.calls == [
        ("begin", first, 0),
        ("advance", first),
        ("test", first, b"weights"),
        ("begin", second, 5),
        ("advance", second),
        ("test", second, b"weights"),
    ]


@pytest.mark.parametrize("before", [(), DONE[:1], DONE[:2]])
def test_a_network_whose_worker_died_is_trained_once_more(before):
    pool = ScriptedPool(*before, LostError("died"), *DONE)
    assert ended_by(pool) == [(("A", 0), Trained((FIRST, LAST), 0.3))]


def test_it_goes_on_from_its_last_rung():
    first, last = (
        TrainingResult(FIRST, state=b"state"),
        TrainingResult(LAST, b"w", earlier=(FIRST,)),
    )
    pool = ScriptedPool(first, LostError("died"), last, WRONG)
    assert ended_by(pool) == [(("A", 0), Trained((FIRST, LAST), 0.3))]
    assert [call for call in pool.calls if call[0] == "begin"] == [
        ("begin", ("A", 0), 0),
        ("begin", ("A", 0), 0, b"state"),
    ]


def test_and_given_up_after_the_second_time():
    (found,) = ended_by(ScriptedPool(LostError("died"), LostError("again")))
    assert str(found[1]) == "again"


@pytest.mark.parametrize("answer", [FailedError("no"), TrainingResult(diverged="no")])
def test_what_fails_by_itself_is_not_tried_again(answer):
    (found,) = ended_by(ScriptedPool(answer))
    assert isinstance(found[1], FailedError)
    assert str(found[1]) == "no"
