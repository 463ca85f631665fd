"""What limits on time mean for networks that are not timed yet, by the judge's table."""

from collections.abc import Sequence
from math import inf

from nas_tc.budget import Bound
from nas_tc.latency import PredictedLimit, network_workload
from nas_tc.search.time_judge import TimeJudge
from nas_tc.space import Space, extreme_network


def most_macs(judge: TimeJudge, space: Space) -> float:
    """The multiply-adds above which no network is likely within the limits; maybe infinite.

    Args:
        judge: Judge with the limits and the table.
        space: Space of the networks.
    """
    least_work = network_workload(extreme_network(space, "cheapest"))
    found = inf
    for limit in judge.limits:
        regression, unit_ms = judge.table.of(limit.setting).regression, judge.unit_ms(limit)
        if regression is not None and unit_ms is not None:
            found = min(found, regression.most_macs(limit.most * unit_ms, least_work))
    return found


def cautious_limits(judge: TimeJudge, bounds: Sequence[Bound]) -> tuple[PredictedLimit, ...]:
    """The limits as the table predicts them; those that it has no times for are left out.

    A network counts with the time that it exceeds once in four times.

    Args:
        judge: Judge with the limits and the table.
        bounds: The limits as written in the budget.
    """
    return tuple(
        PredictedLimit.by(judge.table, limit, bound, cautious=True)
        for limit, bound in zip(judge.limits, bounds, strict=True)
        if judge.table.of(limit.setting).layers
    )
