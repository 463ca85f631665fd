"""Times as a study keeps them and messages show them."""

import pytest
from judged_times import SLIM, estimate, judge, profile, result

from nas_tc.search.timing_records import reason_over_limit, timing_record
from nas_tc.worker import JudgedTime


def test_what_the_study_keeps():
    time_judge = judge("latency<=1ms", SLIM)
    straddling = JudgedTime(
        "latency", estimate(0.9, 0.3), estimate(0.45), "measure more", within=True
    )
    kept = timing_record((straddling,), time_judge.predicted_times(SLIM))["latency"]
    assert kept["verdict"] == "undecided"
    assert (kept["ms"], kept["high_ms"], kept["repeats"], kept["ratio"]) == (0.9, 1.2, 50, 0.45)
    assert kept["predicted_ms"] == pytest.approx(profile(SLIM).whole_ms, rel=1e-3)


def test_a_time_of_launches_that_should_be_of_replays_says_so():
    judged = JudgedTime("latency", estimate(0.9), None, "accept", True, "RuntimeError: capturing")
    kept = timing_record((judged,), {})["latency"]
    assert kept["not_captured"] == "RuntimeError: capturing"


def test_why_a_network_is_over_the_budget():
    time_judge = judge("latency<=1ms")
    assert reason_over_limit(result(SLIM, time_judge, 0.5).times, time_judge.limits) is None
    bad = result(SLIM, time_judge, 1.5, within=False)
    assert reason_over_limit(bad.times, time_judge.limits) == "1.5 ms is not within 'latency<=1ms'"
    bad = result(SLIM, time_judge, 1.5, within=False, ratio=estimate(0.7))
    assert reason_over_limit(bad.times, time_judge.limits).startswith(
        "0.7 of the reference (1.5 ms) is not"
    )
