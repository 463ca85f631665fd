"""The stopwatch, by scripted clocks."""

import sys
from itertools import count
from types import SimpleNamespace

import pytest
from scripted_clocks import scripted

from nas_tc.timing import (
    LOW_QUARTILE,
    MEDIAN,
    Stopwatch,
)


def test_warm_ups_are_not_counted():
    runs = []
    found = Stopwatch(scripted(range(1, 101)), LOW_QUARTILE).time(
        lambda: runs.append(1), repeats=100, least_s=0
    )
    assert (found.value, found.samples, len(runs)) == (25, 100, 110)
    assert found.low < 25 < found.high


def test_quick_runs_are_repeated_for_longer(monkeypatch):
    seconds = count()  # a second passes whenever somebody looks
    clock = SimpleNamespace(monotonic=lambda: float(next(seconds)))
    monkeypatch.setattr(sys.modules[Stopwatch.__module__], "time", clock)
    found = Stopwatch(scripted([1.0] * 100), LOW_QUARTILE).time(lambda: None, repeats=5, least_s=30)
    assert found.samples > 5


def test_slow_runs_are_repeated_less_but_twenty_times():
    found = Stopwatch(scripted(range(1, 101)), LOW_QUARTILE).time(
        lambda: None, repeats=100, least_s=0, most_s=0
    )
    assert found.samples == 20


@pytest.mark.parametrize(
    ("times", "samples", "verdict"),
    [
        ([1.0] * 50, 50, "accept"),
        ([3.0] * 50, 50, "reject"),
        ([1.9, 2.1] * 25 + [1.9] * 50, 100, "accept"),
        ([1.9, 2.1] * 400, 200, "measure more"),
    ],
)
def test_it_measures_more_while_the_interval_straddles(times, samples, verdict):
    found, found_verdict = Stopwatch(scripted(times), MEDIAN).decide(lambda: None, 2.0, most=200)
    assert (found.samples, found_verdict) == (samples, verdict)


def test_a_verdict_of_the_lower_quartile():
    held_up = [1.9] * 15 + [9.0] * 35  # the machine was busy: the rest saw nothing of the sort
    watch = Stopwatch(scripted(held_up + [1.9] * 450), LOW_QUARTILE)
    found, found_verdict = watch.decide(lambda: None, 2.0)
    assert (found.value, found_verdict) == (1.9, "accept")
    assert found.samples > 50
    found, found_verdict = Stopwatch(scripted([2.1] * 50), LOW_QUARTILE).decide(lambda: None, 2.0)
    assert (found.samples, found_verdict) == (50, "reject")


@pytest.mark.parametrize(
    ("ms", "samples", "verdict"),
    [
        ([1.5] * 12, 12, "accept"),
        ([2.6] * 12, 12, "reject"),
        ([1.7] * 62, 50, "accept"),  # a short look does not judge what is near
        ([2.4] * 62, 50, "reject"),
    ],
)
def test_a_quick_estimate_decides_what_is_far_from_its_limit(ms, samples, verdict):
    watch = Stopwatch(scripted(ms), LOW_QUARTILE)
    found, found_verdict = watch.decide(lambda: None, 2.0, quick=True)
    assert (found.samples, found_verdict) == (samples, verdict)
