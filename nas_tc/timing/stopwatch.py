"""Runs something again and again and reads the clock: alone, or by turns with a reference."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from nas_tc.timing.baseline_speed import Pace
from nas_tc.timing.clock import Run, clock_of, counted_quantile
from nas_tc.timing.estimate import Estimate, Verdict
from nas_tc.timing.interleaved import (
    BLOCK,
    LOOK,
    SHORT_BLOCK,
    SHORT_TURNS,
    ratio_of,
    take_together,
    take_turns,
)
from nas_tc.timing.samples import FEWEST, Sampler, Samples

REPEATS = 400
_WARM_UPS = 10
_ROUND = 50  # samples before the next look at a verdict
_GLANCE = 12  # samples of a short look
_GLANCE_S = 0.3  # and how long it may take, but for the fewest
_GLANCE_FEWEST = 5
_GLANCE_WARM_UPS = 3
_FAR = 1.1  # a short look judges what is so far from its limit
_FAR_UNPACED = 1.25  # the same where the machine's pace is not known


@dataclass(frozen=True, slots=True)
class Stopwatch(Sampler):
    """A clock, what its samples stand for, and the pace that its figures are told at.

    What it times is in memory once, in one place, which is worth a few per cent by itself;
    `time_builds` times several copies.
    """

    def time(
        self,
        run: Run,
        *,
        repeats: int = REPEATS,
        least_s: float = 2.0,
        most_s: float = 60.0,
    ) -> Estimate:
        """Milliseconds that `run` takes.

        Args:
            run: what to time; ten times first without the clock.
            repeats: samples.
            least_s: more samples where they would take less than this: a shared machine is
                slow for half a second on end.
            most_s: fewer samples, but 20, where they would take longer than this.
        """
        _warm_up(run)
        started = time.monotonic()
        samples = self.sample(run, repeats, most_s)
        while time.monotonic() - started < least_s:
            self.sample(run, 1, most_s, samples=samples)
        return self.estimate(samples)

    def glance(self, run: Run) -> Estimate:
        """Milliseconds at a short look: three warm-ups, a dozen samples or a third of a second."""
        _warm_up(run, _GLANCE_WARM_UPS)
        return self.estimate(self.sample(run, _GLANCE, _GLANCE_S, _GLANCE_FEWEST))

    def decide(
        self,
        run: Run,
        limit_ms: float,
        *,
        least_ms: float = 0.0,
        most: int = 800,
        most_s: float = 60.0,
        glance: bool = False,
    ) -> tuple[Estimate, Verdict]:
        """Measures until the interval is clear of `limit_ms` and `least_ms`, or `most` times.

        The verdict is "measure more" if it is not clear then.

        Args:
            run: what to time.
            limit_ms: the most that it may take.
            least_ms: the least.
            most: samples.
            most_s: seconds; but 50 samples, or with a short look those of this.
            glance: whether a short look comes first, which decides what is a tenth away from its
                limits, or a factor of 1.25 where the pace is not known.
        """
        deadline = time.monotonic() + most_s
        samples = Samples()
        if glance:
            found = self.glance(run)
            verdict = found.judge(limit_ms, least_ms, far=self._far)
            if verdict != "measure more":
                return found, verdict
            if time.monotonic() >= deadline:
                return found, found.judge(limit_ms, least_ms)
        else:
            _warm_up(run)
        while True:
            count = min(_ROUND, most - len(samples.own))
            fewest = _GLANCE if glance else FEWEST
            self.sample(run, count, deadline - time.monotonic(), fewest, samples)
            found = self.estimate(samples)
            verdict = found.judge(limit_ms, least_ms)
            done = len(samples.own) >= most or time.monotonic() >= deadline
            if verdict != "measure more" or done:
                return found, verdict

    @property
    def _far(self) -> float:
        return _FAR_UNPACED if self.pace is None else _FAR

    def ratio(
        self, run: Run, reference: Run, *, turns: int = REPEATS, most_s: float = 120.0
    ) -> Estimate:
        """How many times as long as `reference` a run takes, measured by turns: A B A B ...

        The machine's speed may drift: both runs feel it, and what one of them feels more is told
        by their pacemakers. Ten turns make a ratio, of the lower quartiles on a processor and of
        the medians on a GPU, and the median of these ratios counts. A turn begins with a run that
        is not counted, which brings the network's own weights back into the cache.
        """
        _warm_up(run)
        _warm_up(reference)
        deadline = time.monotonic() + most_s
        own, other = Samples(), Samples()
        take_turns(self, (run, reference), (own, other), turns, deadline, FEWEST)
        return ratio_of(self, own, other, BLOCK)

    def decide_ratio(
        self,
        run: Run,
        reference: Run,
        limit: float,
        *,
        least: float = 0.0,
        most: int = 240,
        most_s: float = 60.0,
        seen: Estimate | None = None,
    ) -> tuple[Estimate, Estimate, Verdict]:
        """Takes turns with a reference until the ratio is clear of `limit` and `least`.

        Five turns make a ratio. The first look is after thirty turns: the highest and the lowest
        of six ratios hold the median 97 times of 100.

        Args:
            run: what to time.
            reference: what to take turns with.
            limit: the most that the ratio may be.
            least: the least.
            most: turns.
            most_s: seconds; but 30 turns, or with `seen` six, or none if there is no time.
            seen: a short look at the reference of a moment ago. If there is one, a short look at
                the run comes first: their ratio decides what is a factor of 1.25 away from its
                limits without any turns, or, where both are told at the calm pace, a tenth; and
                all where six would take longer than `most_s`.

        Returns:
            The ratio, the run's own milliseconds, and the verdict, which is "measure more" if the
            ratio is not clear after `most` turns or `most_s` seconds.
        """
        deadline = time.monotonic() + most_s
        if seen is not None:
            looked = self.glance(run)
            ratio = looked.over(seen)
            verdict = ratio.judge(limit, least, far=self._far)
            if verdict != "measure more":
                return ratio, looked, verdict
            turns_s = 2 * SHORT_TURNS * (looked.value + seen.value) / 1000
            if time.monotonic() + turns_s > deadline:
                return ratio, looked, ratio.judge(limit, least)
        for each in (run, reference):
            _warm_up(each, _GLANCE_WARM_UPS)
        own, other = Samples(), Samples()
        while True:
            until = float("inf") if seen is None else deadline
            take_turns(self, (run, reference), (own, other), LOOK, until, SHORT_TURNS)
            turns = len(own.own)
            ratio = ratio_of(self, own, other, SHORT_BLOCK if turns >= LOOK else 1)
            verdict = ratio.judge(limit, least)
            if verdict != "measure more" or turns >= most or time.monotonic() >= deadline:
                return ratio, self.estimate(own), verdict

    def together(
        self,
        runs: Sequence[Run],
        reference: Run | None = None,
        *,
        turns: int = REPEATS,
        least_s: float = 2.0,
        most_s: float = 60.0,
    ) -> list[tuple[Estimate, Estimate | None]]:
        """Times several by turns: A B C A B C ..., so that all see the same of the machine.

        Args:
            runs: what to time.
            reference: takes its turn with them, if there is one.
            turns: at most.
            least_s: more than thirty turns where they would take less than this.
            most_s: fewer turns, but twenty, where they would take longer than this.

        Returns:
            Of each its milliseconds, and its ratio to the reference if there is one.
        """
        everything = [*runs, *([] if reference is None else [reference])]
        for each in everything:
            _warm_up(each, _GLANCE_WARM_UPS)
        taken = take_together(self, everything, turns, least_s, most_s)
        block = BLOCK if len(taken[0].own) >= 6 * BLOCK else SHORT_BLOCK
        return [
            (
                self.estimate(own),
                None if reference is None else ratio_of(self, own, taken[-1], block),
            )
            for own in taken[: len(runs)]
        ]


def stopwatch(device: torch.device, pace: Pace | None = None) -> Stopwatch:
    """The stopwatch for a device.

    Args:
        device: whose clock to read.
        pace: from `reference_speed`: figures are told at it; None: they are as the clock has them.
    """
    return Stopwatch(clock_of(device), counted_quantile(device), pace)


def _warm_up(run: Run, times: int = _WARM_UPS) -> None:
    for _ in range(times):
        run()
