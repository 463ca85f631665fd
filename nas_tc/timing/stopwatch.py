"""The stopwatch: runs something again and again, reads the clock, and gives a time or a verdict.

This is the whole of an honest measurement: some warm-up runs, many samples, a quantile of them and
its interval. With a `ReferenceSpeed` the figure is also divided by the machine's slowdown
(`baseline_speed`); without one it is what the clock read.
"""

import time
from dataclasses import dataclass

import torch

from nas_tc.timing.baseline_speed import ReferenceSpeed
from nas_tc.timing.clock import Clock, Run, clock_of, counted_quantile
from nas_tc.timing.estimate import Estimate, Verdict, estimate
from nas_tc.timing.samples import Samples

REPEATS = 400
FEWEST = 20  # samples, however long they take
_WARM_UPS = 10
_ROUND = 50  # samples between two looks at the verdict
_QUICK_SAMPLES = 12
_QUICK_S = 0.3  # that a quick estimate may take, except for its fewest samples
_QUICK_FEWEST = 5
QUICK_WARM_UPS = 3
_FAR = 1.1  # a quick estimate decides if the limit is at least this factor away
_FAR_UNCORRECTED = 1.25  # the same where the reference speed is not known


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Times a run that is in memory once.

    Its place in memory is worth a few per cent; `time_rebuilds` times several copies.

    Attributes:
        clock: Clock to read.
        quantile: Quantile of the samples that counts, from `counted_quantile`.
        reference_speed: Times of the baseline networks on the quiet machine, which figures are
            corrected to; None: figures are what the clock read.
    """

    clock: Clock
    quantile: float
    reference_speed: ReferenceSpeed | None = None

    def time(
        self,
        run: Run,
        *,
        repeats: int = REPEATS,
        least_s: float = 2.0,
        most_s: float = 60.0,
    ) -> Estimate:
        """Milliseconds of a run, after ten warm-up runs.

        Args:
            run: What to time.
            repeats: Samples.
            least_s: Seconds at least, with more samples if need be: a shared machine is slow for
                half a second at a time.
            most_s: Seconds at most, with fewer samples if need be, but 20.
        """
        warm_up(run)
        started = time.monotonic()
        samples = self.new_samples()
        self.sample(run, samples, repeats, most_s)
        while time.monotonic() - started < least_s:
            self.sample(run, samples, 1, most_s)
        return self.estimate(samples)

    def quick_estimate(self, run: Run) -> Estimate:
        """Milliseconds of a run, from three warm-ups and a dozen samples or a third of a second."""
        warm_up(run, QUICK_WARM_UPS)
        samples = self.new_samples()
        self.sample(run, samples, _QUICK_SAMPLES, _QUICK_S, _QUICK_FEWEST)
        return self.estimate(samples)

    def decide(
        self,
        run: Run,
        limit_ms: float,
        *,
        least_ms: float = 0.0,
        most: int = 800,
        most_s: float = 60.0,
        quick: bool = False,
    ) -> tuple[Estimate, Verdict]:
        """Takes samples until the interval is clear of the limits.

        Args:
            run: What to time.
            limit_ms: Most milliseconds that the run may take.
            least_ms: Fewest milliseconds that it may take.
            most: Samples at most.
            most_s: Seconds at most; but 50 samples, or those of a quick estimate.
            quick: Whether a quick estimate comes first. It decides if the limits are at least a
                tenth away, or a factor of 1.25 where the reference speed is not known.

        Returns:
            The milliseconds and the verdict, which is "measure more" if the interval still holds a
            limit after `most` samples or `most_s` seconds.
        """
        deadline = time.monotonic() + most_s
        samples = self.new_samples()
        if quick:
            found = self.quick_estimate(run)
            verdict = found.judge(limit_ms, least_ms, far=self.far)
            if verdict != "measure more":
                return found, verdict
            if time.monotonic() >= deadline:
                return found, found.judge(limit_ms, least_ms)
        else:
            warm_up(run)
        while True:
            count = min(_ROUND, most - len(samples.ms))
            fewest = _QUICK_SAMPLES if quick else FEWEST
            self.sample(run, samples, count, deadline - time.monotonic(), fewest)
            found = self.estimate(samples)
            verdict = found.judge(limit_ms, least_ms)
            done = len(samples.ms) >= most or time.monotonic() >= deadline
            if verdict != "measure more" or done:
                return found, verdict

    @property
    def far(self) -> float:
        """Factor between a quick estimate and a limit from which on the estimate decides."""
        return _FAR_UNCORRECTED if self.reference_speed is None else _FAR

    def new_samples(self) -> Samples:
        """An empty series of samples."""
        return Samples(self.reference_speed)

    def sample(
        self, run: Run, samples: Samples, count: int, most_s: float, fewest: int = FEWEST
    ) -> None:
        """Adds samples of a run.

        Args:
            run: What to time.
            samples: Samples so far; grows.
            count: Samples to add.
            most_s: Seconds at most, with fewer samples if need be.
            fewest: Samples to add, however long they take.
        """
        before = len(samples.ms)
        deadline = time.monotonic() + most_s
        while (taken := len(samples.ms) - before) < count and (
            taken < fewest or time.monotonic() < deadline
        ):
            if samples.add(self.clock(run)):
                run()  # brings its own data back into the cache

    def estimate(self, samples: Samples) -> Estimate:
        """Milliseconds by the counted quantile, corrected for the slowdown where it is known."""
        return estimate(samples.ms, self.quantile).times(1 / samples.slowdown)


def stopwatch(device: torch.device, reference_speed: ReferenceSpeed | None = None) -> Stopwatch:
    """The stopwatch for a device.

    Args:
        device: Device whose clock to read.
        reference_speed: Speed from `find_reference_speed` that figures are corrected to; None:
            figures are what the clock read.
    """
    return Stopwatch(clock_of(device), counted_quantile(device), reference_speed)


def warm_up(run: Run, times: int = _WARM_UPS) -> None:
    """Runs without the clock, so that caches and libraries are ready."""
    for _ in range(times):
        run()
