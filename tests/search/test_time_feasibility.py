"""Limits that nothing can keep are refused before any training."""

import pytest
from judged_times import SPACE, judge, result

from nas_tc.errors import BudgetError, StudyError
from nas_tc.search.time_feasibility import check_feasible
from nas_tc.worker import TrainingResult


class InstantPool:
    """A pool with one worker that answers at once."""

    def __init__(self, answer):
        self._answer, self.released = answer, []

    def time(self, key, request):
        self._request = (key, request)

    def next_result(self, timeout_s):
        key, request = self._request
        return key, self._answer(request)

    def release(self, key):
        self.released.append(key)


def test_a_budget_that_nothing_can_keep_is_refused_before_any_training():
    time_judge = judge("latency<=1ms")
    pool = InstantPool(lambda request: result(request.network, time_judge, 1.5, within=False))
    with pytest.raises(BudgetError, match=r"takes 1\.5 ms; raise the budget"):
        check_feasible(time_judge, pool, SPACE)
    pool = InstantPool(lambda request: result(request.network, time_judge, 0.5))
    assert (
        check_feasible(time_judge, pool, SPACE)
        == "times: latency of the cheapest network is 0.5 ms"
    )
    assert pool.released == ["cheapest"]


def test_what_does_not_fit_in_memory_is_refused_before_any_training():
    time_judge = judge("latency<=1ms")
    pool = InstantPool(lambda request: TrainingResult(diverged="out of memory: about 9 GiB"))
    with pytest.raises(StudyError, match="could not be timed: out of memory: about 9 GiB"):
        check_feasible(time_judge, pool, SPACE)


def test_a_table_that_decides_alone_must_have_times_of_the_setting():
    time_judge = judge("latency<=1ms", measures=False, device=None)
    with pytest.raises(BudgetError, match="has no times for 'latency<=1ms'"):
        check_feasible(time_judge, None, SPACE)
    some = [SPACE.decode({g.name: g.choices[-1] for g in SPACE.genes})]
    time_judge = judge("latency<=(5,16)*9", *some, measures=False, device=None)
    assert "predicted by a table" in check_feasible(time_judge, None, SPACE)
