"""The front timed with care: the search looks at each candidate but briefly."""

from nas_tc.search.jobs import wait_for_answer
from nas_tc.search.session import Session
from nas_tc.search.timekeeper import Timekeeper
from nas_tc.search.timing_records import recorded, too_slow
from nas_tc.study.attributes import FRONT_TIMES_KEY, TIMING_KEY
from nas_tc.study.record import StudyRecord
from nas_tc.study.trial import TrialRecord
from nas_tc.worker import FrontTimingRequest, FrontTimingResult

_TOGETHER = 100_000_000  # parameters of networks that are in memory at once
_KEY = "front"
_SHARE = 0.01  # of the search's time so far, for each group of the front
_LEAST_S = 2.0  # at most: a shared machine is slow for half a second on end


def untimed_front(record: StudyRecord) -> list[TrialRecord]:
    """Members of the front whose times were only looked at briefly."""
    budget = record.settings["budget"]
    if not budget.get("times") or budget.get("time_table"):
        return []
    return [trial for trial in record.front if not trial.timed_again]


def time_front(session: Session, keeper: Timekeeper | None, search_s: float) -> None:
    """Times the members of the front by turns with one another, each once in a study's life.

    One that is over the budget after all leaves the front, and who comes in its place is timed,
    too. It takes about a hundredth of the `search_s` seconds that the search took, 2 s at most,
    but thirty turns.

    Raises:
        KeyboardInterrupt: from `interrupts`.
    """
    if keeper is None or not keeper.measures:
        return
    while waiting := untimed_front(session.record()):
        group = _group(waiting)
        networks = tuple(each.architecture for each in group)
        session.pool.time(
            _KEY, FrontTimingRequest(networks, keeper.limits, min(_SHARE * search_s, _LEAST_S))
        )
        report = wait_for_answer(session.pool.next_result, session.check)
        session.pool.release(_KEY)
        if not isinstance(report, FrontTimingResult):
            reason = getattr(report, "diverged", None) or report
            session.listener.note(f"the front could not be timed once more: {reason}")
            return
        keeper.spent(len(group), report.seconds)
        kept = dict(session.study.user_attrs.get(FRONT_TIMES_KEY, {}))
        for trial, figures in zip(group, report.figures, strict=True):
            reason = too_slow(figures, keeper.limits)
            kept[str(trial.number)] = {"times": recorded(figures, {}), "reason": reason}
            if reason is not None:
                session.listener.note(
                    f"trial {trial.number} leaves the front, timed with care: {reason}"
                )
        session.study.set_user_attr(FRONT_TIMES_KEY, kept)


def tell_timing(session: Session, keeper: Timekeeper | None, search_s: float) -> None:
    """Keeps and tells what timing has taken of a search that took `search_s` seconds."""
    if keeper is None or not keeper.timed:
        return
    now = {"networks": keeper.timed, "timing_s": keeper.timing_s, "search_s": search_s}
    before = session.study.user_attrs.get(TIMING_KEY, {})
    session.study.set_user_attr(
        TIMING_KEY, {name: round(before.get(name, 0) + value, 3) for name, value in now.items()}
    )
    session.listener.note(
        f"timing: {keeper.timed} networks in {keeper.timing_s:.1f} s, "
        f"{keeper.timing_s / search_s:.1%} of the search's {search_s:.0f} s"
    )


def _group(waiting: list[TrialRecord]) -> list[TrialRecord]:
    """The first ones, as many as are in memory at once."""
    group: list[TrialRecord] = []
    params = 0
    for trial in waiting:
        params += trial.params
        if group and params > _TOGETHER:
            break
        group.append(trial)
    return group
