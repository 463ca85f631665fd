"""When a worker that gives no answer is taken to hang."""

import time
from collections.abc import Callable, Collection, Hashable, Iterable
from math import inf

_FACTOR = 100  # times the longest answer so far: a last rung of a large network takes far longer
_LEAST_S = 600.0


class Deadlines:
    """Watches the calls of workers.

    A stopped or deadlocked worker neither answers nor dies. Without a limit of the user's a call is
    overdue after a hundred times the longest answer so far, ten minutes at least; before the first
    answer no call is. The first call of a worker counts from its start, which takes as long as
    others hold its place, or as libraries load on a busy machine: ten minutes at least.

    Args:
        limit_s: Longest time for an answer, seconds; None: by the answers so far.
        clock: Seconds of a clock that never goes back.
    """

    def __init__(
        self, limit_s: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit_s = limit_s
        self._clock = clock
        self._since_s: dict[Hashable, float] = {}
        self._starting: set[Hashable] = set()
        self._longest_s = 0.0

    @property
    def limit_s(self) -> float:
        """Seconds after which a call is overdue."""
        if self._limit_s is not None:
            return self._limit_s
        return max(_LEAST_S, _FACTOR * self._longest_s) if self._longest_s else inf

    def watch(self, calls: Iterable[Hashable], starting: Collection[Hashable] = ()) -> None:
        """Notes the time of calls that are new, and of those whose worker has started now.

        Args:
            calls: All calls without an answer.
            starting: Those of them whose worker has not started yet.
        """
        now, started = self._clock(), self._starting.difference(starting)
        self._since_s = {
            call: now if call in started else self._since_s.get(call, now) for call in calls
        }
        self._starting = set(starting)

    def answered(self, call: Hashable) -> None:
        """Notes how long the answer of a call took."""
        self._longest_s = max(self._longest_s, self._clock() - self._since_s.pop(call))

    def overdue(self) -> Hashable | None:
        """The oldest call that is overdue, no longer watched then; None if there is none."""
        now = self._clock()
        for call, since in self._since_s.items():  # in the order of the calls
            least_s = _LEAST_S if call in self._starting else 0.0
            if now - since > max(self.limit_s, least_s):
                del self._since_s[call]
                return call
        return None
