"""Interleaved runs, by scripted clocks."""

import pytest
from scripted_clocks import scripted

from nas_tc.timing import (
    LOW_QUARTILE,
    MEDIAN,
    Stopwatch,
    decide_ratio,
    time_interleaved,
    time_ratio,
)


@pytest.mark.parametrize("quantile", [LOW_QUARTILE, MEDIAN])
def test_a_ratio_is_measured_interleaved(quantile):
    order = []
    # The machine slows down fivefold while it is measured, and is held up now and then; the
    # ratio stays.
    times = [t * (1 + turn / 10) for turn in range(40) for t in (3.0, 2.0)]
    times[20:24] = [90.0] * 4
    found = time_ratio(
        Stopwatch(scripted(times), quantile),
        lambda: order.append("a"),
        lambda: order.append("b"),
        rounds=40,
    )
    assert (found.value, found.low, found.high) == (pytest.approx(1.5),) * 3
    assert found.samples == 40
    assert "".join(order) == "a" * 10 + "b" * 10 + "aabb" * 40


@pytest.mark.parametrize(
    ("ratios", "rounds", "verdict"),
    [
        ([1.5] * 30, 30, "accept"),
        ([2.5] * 30, 30, "reject"),
        ([1.9] * 25 + [2.1] * 5 + [1.9] * 90, 60, "accept"),  # one of six, then one of twelve
        ([1.9, 2.1] * 120, 240, "measure more"),
    ],
)
def test_a_ratio_is_measured_until_it_is_clear(ratios, rounds, verdict):
    times = [time for ratio in ratios for time in (10 * ratio, 10.0)]
    watch = Stopwatch(scripted(times), MEDIAN)
    ratio, own, found_verdict = decide_ratio(watch, lambda: None, lambda: None, 2.0)
    assert (ratio.samples, found_verdict) == (rounds, verdict)
    assert own.value == pytest.approx(10 * sorted(ratios[:rounds])[rounds // 2], rel=0.11)


def test_a_range_is_judged_at_both_ends():
    watch = Stopwatch(scripted([1.0] * 500), LOW_QUARTILE)
    assert watch.decide(lambda: None, 2.0, least_ms=0.5)[1] == "accept"
    assert watch.decide(lambda: None, 2.0, least_ms=1.5)[1] == "reject"
    _, _, found_verdict = decide_ratio(watch, lambda: None, lambda: None, 2.0, least=1.5)
    assert found_verdict == "reject"


@pytest.mark.parametrize(
    ("ratio", "samples", "verdict"),
    [(1.5, 12, "accept"), (2.6, 12, "reject"), (1.7, 30, "accept"), (2.4, 30, "reject")],
)
def test_a_ratio_that_is_far_from_its_limit_needs_no_rounds(ratio, samples, verdict):
    ms = 10 * ratio
    seen = Stopwatch(scripted([10.0] * 12), LOW_QUARTILE).quick_estimate(lambda: None)
    watch = Stopwatch(scripted([ms] * 12 + [ms, 10.0] * 30), LOW_QUARTILE)
    found, own, found_verdict = decide_ratio(
        watch, lambda: None, lambda: None, 2.0, reference_estimate=seen
    )
    assert (found.samples, found_verdict) == (samples, verdict)
    assert (own.value, own.samples) == (pytest.approx(ms), samples)


def test_a_ratio_of_two_quick_estimates_holds_what_both_allow():
    watch = Stopwatch(scripted([*[4.0] * 4, *[5.0] * 8, *[2.0] * 4, *[2.5] * 8]), LOW_QUARTILE)
    own, other = watch.quick_estimate(lambda: None), watch.quick_estimate(lambda: None)
    ratio = own.over(other)
    assert (ratio.low, ratio.value, ratio.high) == (1.6, 2.0, 2.5)


def test_a_quick_estimate_ends_when_its_time_is_over():
    watch = Stopwatch(scripted([1.9] * 12), LOW_QUARTILE)
    found, found_verdict = watch.decide(lambda: None, 2.0, quick=True, most_s=0)
    assert (found.samples, found_verdict) == (12, "accept")
    seen = Stopwatch(scripted([10.0] * 12), LOW_QUARTILE).quick_estimate(lambda: None)
    for most_s, samples in ((0, 12), (60, 30)):
        watch = Stopwatch(scripted([19.0] * 12 + [19.0, 10.0] * 30), LOW_QUARTILE)
        ratio, _, found_verdict = decide_ratio(
            watch, lambda: None, lambda: None, 2.0, reference_estimate=seen, most_s=most_s
        )
        assert (ratio.samples, found_verdict) == (samples, "accept")


@pytest.mark.parametrize("quantile", [LOW_QUARTILE, MEDIAN])
def test_several_are_interleaved(quantile):
    order = []
    # The machine slows down: the ratios stay.
    times = [t * (1 + turn / 30) for turn in range(30) for t in (3.0, 1.0, 2.0)]
    runs = [lambda name=name: order.append(name) for name in "abr"]
    watch = Stopwatch(scripted(times), quantile)
    found = time_interleaved(watch, runs[:2], runs[2], rounds=30, least_s=0)
    assert [ratio.value for _, ratio in found] == [pytest.approx(1.5), pytest.approx(0.5)]
    assert {(ms.samples, ratio.samples) for ms, ratio in found} == {(30, 30)}
    assert "".join(order) == "aaabbbrrr" + "aabbrr" * 30
    ((ms, ratio),) = time_interleaved(
        Stopwatch(scripted([1.0] * 30), quantile), runs[:1], least_s=0
    )
    assert (ms.value, ms.samples, ratio) == (1.0, 30, None)
