"""The end of a search as users write it."""

from datetime import datetime

import pytest

from nas_tc.cli.until import limit_s
from nas_tc.errors import NasTcError

NOW = datetime(2026, 3, 1, 22, 30)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ((None, None, None), None),
        ((2, None, None), 7200),
        ((None, 20, None), 1200),
        ((1, 30, None), 5400),
        ((None, None, "23:00"), 1800),
        ((None, None, "07:30"), 9 * 3600),  # tomorrow
        ((None, None, "22:30"), 24 * 3600),
    ],
)
def test_hours_minutes_and_times_of_day_are_seconds(given, seconds):
    assert limit_s(*given, now=NOW) == seconds


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((None, None, "24:00"), "a time of day such as 07:30 or 19:05, not '24:00'"),
        ((None, None, "7.30"), "not '7.30'"),
        ((None, None, "half past"), "not 'half past'"),
        ((1, None, "07:30"), "leave out --hours and --minutes"),
        ((0, None, None), "--hours must be above 0"),
        ((None, -1, None), "--minutes must be above 0"),
        ((float("nan"), None, None), "--hours must be above 0"),
        ((float("inf"), None, None), "below a million"),
    ],
)
def test_what_is_no_time_is_refused(given, words):
    with pytest.raises(NasTcError, match=words):
        limit_s(*given, now=NOW)
