"""Checks before any training that some network of the space can be within the limits on time."""

from collections.abc import Callable
from typing import Any, Protocol

from nas_tc.architecture import Architecture, format_notation
from nas_tc.errors import BudgetError, StudyError
from nas_tc.search.jobs import wait_for_answer
from nas_tc.search.time_judge import TimeJudge
from nas_tc.search.timing_records import shown_time
from nas_tc.space import Space, extreme_network
from nas_tc.timing import TimeLimit
from nas_tc.worker import FrontTimingRequest, LayersRequest, TimingRequest, TimingResult

_KEY = "cheapest"


class TimingPool(Protocol):
    """The part of a pool of workers that measures times."""

    def time(self, key: Any, request: TimingRequest | FrontTimingRequest | LayersRequest) -> None:
        """Lets a worker measure times."""

    def next_result(self, timeout_s: float) -> tuple[Any, Any] | None:
        """The key and the answer of a worker; None if none answers in time."""

    def release(self, key: Any) -> None:
        """Makes the worker of a key idle again."""


def check_feasible(
    judge: TimeJudge, pool: TimingPool, space: Space, check: Callable[[], None] = lambda: None
) -> str:
    """Times the cheapest network of a space, and the references of the limits with it.

    Args:
        judge: Judge with the limits on time.
        pool: Workers; not used where the table of another device decides.
        space: Space of the search.
        check: Called while a worker is waited for; ends the search after Ctrl-C.

    Returns:
        A message about the times.

    Raises:
        BudgetError: Not even the cheapest network is quick enough, or the table cannot predict it
            or a reference.
        StudyError: The cheapest network could not be timed.
        TableError: The workers run on another kind of machine than the table's.
    """
    cheapest = extreme_network(space, "cheapest")
    if not judge.measures:
        for limit in judge.limits:
            _check_prediction(judge, limit, cheapest)
        return f"times: predicted by a table of {judge.table.machine['device']}, not measured"
    pool.time(_KEY, judge.request_for(cheapest))
    result = wait_for_answer(pool.next_result, check)
    pool.release(_KEY)
    if not isinstance(result, TimingResult):
        reason = getattr(result, "diverged", None) or result
        raise StudyError(f"the cheapest network could not be timed: {reason}")
    judge.add_result(cheapest, result)
    judge.save()
    found = []
    for judged, limit in zip(result.times, judge.limits, strict=False):
        found.append(f"{judged.name} of the cheapest network is {shown_time(judged)}")
        if not judged.within and limit.least == 0:
            raise BudgetError(
                f"no network is within {limit.text!r}: the cheapest of the space "
                f"{space.name!r}, {format_notation(cheapest.stages)}, takes {shown_time(judged)}; "
                "raise the budget"
            )
    return "times: " + ", ".join(found)


def _check_prediction(judge: TimeJudge, limit: TimeLimit, cheapest: Architecture) -> None:
    predicted = judge.table.of(limit.setting).predict(cheapest)
    unit_ms = judge.unit_ms(limit)
    if predicted is None or unit_ms is None:
        raise BudgetError(
            f"the time table has no times for {limit.text!r} ({limit.setting}); add them on its "
            "device with nas-tc calibrate"
        )
    if predicted.ms > limit.most * unit_ms:
        raise BudgetError(
            f"no network is within {limit.text!r}: the table predicts {predicted.ms:.3g} ms for "
            f"the cheapest, {format_notation(cheapest.stages)}; raise the budget"
        )
