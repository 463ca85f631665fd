"""Times the networks of the front again, with care, because a search measures only briefly."""

from nas_tc.budget import IT
from nas_tc.search.jobs import wait_for_answer
from nas_tc.search.session import Session
from nas_tc.search.time_judge import TimeJudge
from nas_tc.search.timing_records import reason_over_limit, timing_record
from nas_tc.study.attributes import FRONT_TIMES_KEY, TIMING_KEY
from nas_tc.study.record import StudyRecord
from nas_tc.study.trial import TrialRecord
from nas_tc.worker import FrontTimingRequest, FrontTimingResult

_MOST_PARAMS = 100_000_000  # parameters of all networks that are in memory at once
_KEY = "front"  # name of the job among those of the workers
_SHARE = 0.01  # of the search's time so far, which the timing of a group may take
_ENOUGH_S = 2.0  # and at most this: enough, as a shared machine is slow for half a second at a time


def untimed_front(record: StudyRecord) -> list[TrialRecord]:
    """Members of the front, and baselines, whose times were measured only briefly."""
    budget = record.settings["budget"]
    if not budget.get("times") or budget.get("time_table"):
        return []
    return [trial for trial in record.shown if not trial.timed_again]


def time_front(session: Session, judge: TimeJudge | None, search_s: float) -> None:
    """Times the members of the front interleaved with one another, each once in a study's life.

    A member that turns out to be over the budget leaves the front, and the one that takes its place
    is timed, too. It takes about a hundredth of the search's time, at most 2 s, but at least thirty
    rounds.

    Args:
        session: Study, workers and listener.
        judge: Judge that compares times with the limits; None if the budget limits no time.
        search_s: Seconds that the search took.

    Raises:
        KeyboardInterrupt: The search was interrupted.
    """
    if judge is None or not judge.measures:
        return
    while waiting := untimed_front(session.record()):
        group = _group(waiting)
        networks = tuple(each.architecture for each in group)
        session.pool.time(
            _KEY, FrontTimingRequest(networks, judge.limits, min(_SHARE * search_s, _ENOUGH_S))
        )
        result = wait_for_answer(session.pool.next_result, session.check)
        session.pool.release(_KEY)
        if not isinstance(result, FrontTimingResult):
            reason = getattr(result, "diverged", None) or result
            session.listener.note(f"the front could not be timed again: {reason}")
            return
        judge.add_timing(len(group), result.seconds)
        kept = dict(session.study.user_attrs.get(FRONT_TIMES_KEY, {}))
        for trial, times in zip(group, result.times, strict=True):
            # The user's own network is what a limit "latency<=it" refers to: it stays.
            is_its_own = trial.baseline == IT
            reason = None if is_its_own else reason_over_limit(times, judge.limits)
            kept[str(trial.number)] = {"times": timing_record(times, {}), "reason": reason}
            if reason is not None:
                what = "no baseline any more" if trial.is_landmark else "leaves the front"
                session.listener.note(f"trial {trial.number} {what}, timed with care: {reason}")
        session.study.set_user_attr(FRONT_TIMES_KEY, kept)


def report_timing(session: Session, judge: TimeJudge | None, search_s: float) -> None:
    """Adds the seconds spent on measuring times to the study, and reports them to the user.

    Args:
        session: Study and listener.
        judge: Judge of times; None if the budget limits no time.
        search_s: Seconds that the search took.
    """
    if judge is None or not judge.timed:
        return
    now = {"networks": judge.timed, "timing_s": judge.timing_s, "search_s": search_s}
    before = session.study.user_attrs.get(TIMING_KEY, {})
    session.study.set_user_attr(
        TIMING_KEY, {name: round(before.get(name, 0) + value, 3) for name, value in now.items()}
    )
    session.listener.note(
        f"timing: {judge.timed} networks in {judge.timing_s:.1f} s, "
        f"{judge.timing_s / search_s:.1%} of the search's {search_s:.0f} s"
    )


def _group(waiting: list[TrialRecord]) -> list[TrialRecord]:
    """The first networks that wait, as many as fit in memory at once."""
    group: list[TrialRecord] = []
    params = 0
    for trial in waiting:
        params += trial.params
        if group and params > _MOST_PARAMS:
            break
        group.append(trial)
    return group
