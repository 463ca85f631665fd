"""The time at which a search has to end."""

import pytest

from nas_tc.errors import NasTcError
from nas_tc.search.stop_time import StopTime


class Clock:
    """Seconds that a test sets."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_training_fits_while_time_is_left_and_the_longest_so_far_would(clock):
    stop = StopTime(105, clock)  # five seconds are for the report
    assert stop.allows_another
    for number, seconds in enumerate((30, 20)):
        stop.began(number)
        clock.now += seconds
        stop.ended(number)
    clock.now += 20
    assert stop.left_s == 30
    assert stop.allows_another
    clock.now += 1
    assert not stop.allows_another
    assert not stop.is_over
    clock.now += 29
    assert stop.is_over


def test_the_tests_of_the_front_keep_their_time(clock):
    stop = StopTime(105, clock)
    stop.keep_for_tests(networks=5, workers=2, seconds=2)  # three rounds of 3 + 1 seconds
    assert stop.left_s == 88


def test_nothing_fits_in_a_limit_of_less_than_the_report(clock):
    assert StopTime(4, clock).is_over


@pytest.mark.parametrize("limit_s", [0, -1, float("nan"), float("inf")])
def test_a_limit_that_is_no_time_is_refused(limit_s):
    with pytest.raises(NasTcError, match="time_limit_s must be a number above 0"):
        StopTime(limit_s)
