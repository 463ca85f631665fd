"""The time at which a search has to end, and what still fits before it."""

import time
from collections.abc import Callable
from math import ceil, isfinite

from nas_tc.errors import NasTcError

_TEST_FACTOR = 1.5  # a test beside others takes longer than a validation that was alone
_TEST_START_S = 1.0  # to send a network to a worker
_END_S = 5.0  # to end the workers and to write the report


class StopTime:
    """Says whether another training fits before the end of a search.

    A training fits if the longest one so far would. Before any has ended, one fits as long as time
    is left. Time for the tests of the front and for the report is kept back.

    Args:
        limit_s: Seconds from now to the end.
        clock: Seconds of a clock that never goes back.

    Raises:
        NasTcError: No number of seconds above 0.
    """

    def __init__(self, limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        if not (limit_s > 0 and isfinite(limit_s)):
            raise NasTcError(f"time_limit_s must be a number above 0, not {limit_s:g}")
        self.limit_s = limit_s
        self._clock = clock
        self._end_s = clock() + limit_s - _END_S
        self._begun_s: dict[int, float] = {}
        self._longest_s = 0.0
        self._test_s = 0.0

    @property
    def left_s(self) -> float:
        """Seconds that are left for trainings; 0 if none are."""
        return max(0.0, self._end_s - self._test_s - self._clock())

    @property
    def longest_s(self) -> float:
        """Seconds of the longest training so far; 0 before any has ended."""
        return self._longest_s

    @property
    def is_over(self) -> bool:
        """Whether what is still running has to stop."""
        return self.left_s == 0

    @property
    def allows_another(self) -> bool:
        """Whether one more training can end in time."""
        return not self.is_over and self._longest_s <= self.left_s

    def began(self, number: int) -> None:
        """Notes that the training of trial `number` begins now."""
        self._begun_s[number] = self._clock()

    def ended(self, number: int) -> None:
        """Notes that the training of trial `number` has reached its end."""
        self.took(self._clock() - self._begun_s.pop(number))

    def took(self, seconds: float) -> None:
        """Notes how long an earlier training took."""
        self._longest_s = max(self._longest_s, seconds)

    def keep_for_tests(self, networks: int, workers: int, seconds: float) -> None:
        """Keeps time back for the tests of the front.

        Args:
            networks: Number of networks to test.
            workers: Number of workers that test.
            seconds: Seconds of a test of one network.
        """
        rounds = ceil(networks / workers)
        self._test_s = rounds * (_TEST_FACTOR * seconds + _TEST_START_S)
