"""Runs something again and again and reads the clock: alone, or by turns with a reference."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from nas_tc.timing.estimate import Estimate, Verdict, estimate

Run = Callable[[], None]
Clock = Callable[[Run], float]  # how many milliseconds a run takes

CPU_QUANTILE = 0.1  # others only ever add time, and the tenth percentile repeats best
GPU_QUANTILE = 0.5  # a GPU runs nothing else; its boost clock moves to both sides
_WARM_UPS = 10
_FEWEST = 20  # samples, however long they take
_ROUND = 50  # samples before the next look at a verdict


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """A clock, and the quantile of its samples that stands for a run."""

    clock: Clock
    quantile: float

    def time(self, run: Run, *, repeats: int = 200, most_s: float = 60.0) -> Estimate:
        """Milliseconds that `run` takes.

        Args:
            run: what to time; ten times first without the clock.
            repeats: samples.
            most_s: fewer samples, but 20, where they would take longer than this.
        """
        _warm_up(run)
        return estimate(self._samples(run, repeats, most_s), self.quantile)

    def decide(
        self, run: Run, limit_ms: float, *, most: int = 800, most_s: float = 60.0
    ) -> tuple[Estimate, Verdict]:
        """Measures until the interval is clear of `limit_ms`, at most `most` times.

        The verdict is "measure more" if it is not clear then.
        """
        _warm_up(run)
        samples: list[float] = []
        deadline = time.monotonic() + most_s
        while True:
            count = min(_ROUND, most - len(samples))
            samples += self._samples(run, count, deadline - time.monotonic())
            found = estimate(samples, self.quantile)
            verdict = found.judge(limit_ms)
            done = len(samples) >= most or time.monotonic() >= deadline
            if verdict != "measure more" or done:
                return found, verdict

    def ratio(
        self, run: Run, reference: Run, *, turns: int = 200, most_s: float = 120.0
    ) -> Estimate:
        """How many times as long as `reference` a run takes, measured by turns: A B A B ...

        The machine's speed may drift: both runs of a pair feel it alike, and each pair gives a
        ratio, of which the median counts. A turn begins with a run that is not counted, which
        brings the network's own weights back into the cache.
        """
        _warm_up(run)
        _warm_up(reference)
        deadline = time.monotonic() + most_s
        ratios: list[float] = []
        while len(ratios) < turns and (len(ratios) < _FEWEST or time.monotonic() < deadline):
            times = []
            for each in (run, reference):
                each()
                times.append(self.clock(each))
            ratios.append(times[0] / times[1])
        return estimate(ratios, 0.5)

    def _samples(self, run: Run, count: int, most_s: float) -> list[float]:
        deadline = time.monotonic() + most_s
        samples: list[float] = []
        while len(samples) < count and (len(samples) < _FEWEST or time.monotonic() < deadline):
            samples.append(self.clock(run))
        return samples


def stopwatch(device: torch.device) -> Stopwatch:
    """The stopwatch for a device."""
    if device.type == "cuda":
        return Stopwatch(_gpu_clock, GPU_QUANTILE)
    return Stopwatch(_cpu_clock, CPU_QUANTILE)


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on a single thread meanwhile: more of them wait for one another, and for others."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _warm_up(run: Run) -> None:
    for _ in range(_WARM_UPS):
        run()


def _cpu_clock(run: Run) -> float:
    started = time.perf_counter_ns()
    run()
    return (time.perf_counter_ns() - started) / 1e6


def _gpu_clock(run: Run) -> float:
    """By the device's own clock, from an idle device to the end of the last kernel."""
    started, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    started.record()
    run()
    ended.record()
    ended.synchronize()
    return float(started.elapsed_time(ended))
