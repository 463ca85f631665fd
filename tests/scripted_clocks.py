"""Clocks that read what a test has written, and machines whose speed a test sets."""

from nas_tc.timing import (
    LOW_QUARTILE,
    ReferenceSpeed,
    Stopwatch,
)


def scripted(times):
    """A clock that gives `times` in turn, whatever runs."""
    left = iter(times)

    def clock(run):
        run()
        return next(left)

    return clock


class Machine:
    """A machine whose speed is `slowdown`, and on which each run takes its milliseconds.

    What takes less than 5 ms is slowed by `slowdown` to the power of `small`.
    """

    def __init__(self, slowdown=1.0, small=1.0):
        self.slowdown = slowdown
        self.small = small
        self.runs = []

    def run(self, ms):
        def run():
            self.runs.append(ms)

        run.ms = ms
        return run

    def clock(self, run):
        run()
        return run.ms * (self.slowdown**self.small if run.ms < 5 else self.slowdown)

    def watch(self, quiet_ms=(2.0, 20.0)):
        return Stopwatch(
            self.clock,
            LOW_QUARTILE,
            ReferenceSpeed(quiet_ms, self.clock, lambda kind: self.run(quiet_ms[kind])),
        )
