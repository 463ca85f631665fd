"""Runs something again and again and reads the clock: alone, or by turns with a reference."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch

from nas_tc.timing.estimate import Estimate, Verdict, estimate, lowest

Run = Callable[[], None]
Clock = Callable[[Run], float]  # how many milliseconds a run takes

REPEATS = 400
_WARM_UPS = 10
_BLOCK = 10  # turns that make a ratio together
_FEWEST = 20  # samples, however long they take
_LOOK = 30  # turns before the next look at a ratio
_ROUND = 50  # samples before the next look at a verdict
_GLANCE = 12  # samples of a short look
_GLANCE_S = 0.3  # and how long it may take, but for the fewest
_GLANCE_FEWEST = 5
_GLANCE_WARM_UPS = 3
_GLANCE_TURNS = 6  # behind a short look: the highest and the lowest hold the median 97 of 100
_FAR = 1.1  # a short look judges what is so far from its limit
_FAR_RATIO = 1.25  # the same of a ratio that was not taken by turns


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """A clock, and what its samples stand for.

    On a processor it is the lowest that counts: others only ever add time, and on a busy machine
    nothing else repeats. A GPU runs nothing else, and its clock moves to both sides: the median.
    """

    clock: Clock
    takes_lowest: bool

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
        samples = self._samples(run, repeats, most_s)
        while time.monotonic() - started < least_s:
            samples.append(self.clock(run))
        return self._estimate(samples)

    def glance(self, run: Run) -> Estimate:
        """Milliseconds at a short look: three warm-ups, a dozen samples or a third of a second."""
        _warm_up(run, _GLANCE_WARM_UPS)
        return self._estimate(self._samples(run, _GLANCE, _GLANCE_S, _GLANCE_FEWEST))

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
                limits.
        """
        deadline = time.monotonic() + most_s
        samples: list[float] = []
        if glance:
            found = self.glance(run)
            verdict = found.judge(limit_ms, least_ms, far=_FAR)
            if verdict != "measure more":
                return found, verdict
            if time.monotonic() >= deadline:
                return found, found.judge(limit_ms, least_ms)
        else:
            _warm_up(run)
        while True:
            count = min(_ROUND, most - len(samples))
            fewest = _GLANCE if glance else _FEWEST
            samples += self._samples(run, count, deadline - time.monotonic(), fewest)
            found = self._estimate(samples)
            verdict = found.judge(limit_ms, least_ms)
            done = len(samples) >= most or time.monotonic() >= deadline
            if verdict != "measure more" or done:
                return found, verdict

    def ratio(
        self, run: Run, reference: Run, *, turns: int = REPEATS, most_s: float = 120.0
    ) -> Estimate:
        """How many times as long as `reference` a run takes, measured by turns: A B A B ...

        The machine's speed may drift: both runs feel it alike. Ten turns make a ratio, of the
        second lowest times on a processor and of the medians on a GPU, and the median of these
        ratios counts. A turn begins with a run that is not counted, which brings the network's
        own weights back into the cache.
        """
        _warm_up(run)
        _warm_up(reference)
        deadline = time.monotonic() + most_s
        pairs: list[tuple[float, float]] = []
        while len(pairs) < turns and (len(pairs) < _FEWEST or time.monotonic() < deadline):
            pairs.append((self._again(run), self._again(reference)))
        return self._ratio(pairs, _BLOCK)

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
                limits without any turns, and all where six would take longer than `most_s`.

        Returns:
            The ratio, the run's own milliseconds, and the verdict, which is "measure more" if the
            ratio is not clear after `most` turns or `most_s` seconds.
        """
        deadline = time.monotonic() + most_s
        if seen is not None:
            own = self.glance(run)
            ratio = own.over(seen)
            verdict = ratio.judge(limit, least, far=_FAR_RATIO)
            if verdict != "measure more":
                return ratio, own, verdict
            turns_s = 2 * _GLANCE_TURNS * (own.value + seen.value) / 1000
            if time.monotonic() + turns_s > deadline:
                return ratio, own, ratio.judge(limit, least)
        for each in (run, reference):
            _warm_up(each, _GLANCE_WARM_UPS)
        pairs: list[tuple[float, float]] = []
        while True:
            pairs += self._turns(run, reference, _LOOK, None if seen is None else deadline)
            ratio = self._ratio(pairs, _LOOK // 6 if len(pairs) >= _LOOK else 1)
            verdict = ratio.judge(limit, least)
            if verdict != "measure more" or len(pairs) >= most or time.monotonic() >= deadline:
                return ratio, self._estimate([each for each, _ in pairs]), verdict

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
        taken: list[list[float]] = []  # of a turn, of each
        started = time.monotonic()
        while len(taken) < turns:
            seconds = time.monotonic() - started
            if len(taken) >= (_FEWEST if seconds >= most_s else _LOOK) and seconds >= least_s:
                break
            taken.append([self._again(each) for each in everything])
        columns = [list(column) for column in zip(*taken, strict=True)]
        block = _BLOCK if len(taken) >= 6 * _BLOCK else _LOOK // 6
        found: list[tuple[Estimate, Estimate | None]] = []
        for own in columns[: len(runs)]:
            ratio = None
            if reference is not None:
                ratio = self._ratio(list(zip(own, columns[-1], strict=True)), block)
            found.append((self._estimate(own), ratio))
        return found

    def _turns(
        self, run: Run, reference: Run, count: int, deadline: float | None = None
    ) -> list[tuple[float, float]]:
        """So many pairs of times, or fewer, but six, if the deadline passes."""
        pairs: list[tuple[float, float]] = []
        while len(pairs) < count:
            if deadline and len(pairs) >= _GLANCE_TURNS and time.monotonic() >= deadline:
                break
            pairs.append((self._again(run), self._again(reference)))
        return pairs

    def _ratio(self, pairs: list[tuple[float, float]], block: int) -> Estimate:
        """The median of the ratios of so many turns each; of the second lowest times, or medians.

        A processor's lowest of a few is not rare enough to be trusted alone, hence the second.
        """
        whole = max(len(pairs) // block, 1)
        blocks = [pairs[number * block : (number + 1) * block] for number in range(whole)]
        quantile = min(1.0, 2 / block) if self.takes_lowest else 0.5
        ratios = []
        for each in blocks:
            own, other = (estimate(times, quantile).value for times in zip(*each, strict=True))
            ratios.append(own / other)
        return replace(estimate(ratios, 0.5), samples=len(pairs))

    def _again(self, run: Run) -> float:
        run()
        return self.clock(run)

    def _estimate(self, samples: list[float]) -> Estimate:
        return lowest(samples) if self.takes_lowest else estimate(samples, 0.5)

    def _samples(self, run: Run, count: int, most_s: float, fewest: int = _FEWEST) -> list[float]:
        deadline = time.monotonic() + most_s
        samples: list[float] = []
        while len(samples) < count and (len(samples) < fewest or time.monotonic() < deadline):
            samples.append(self.clock(run))
        return samples


def stopwatch(device: torch.device) -> Stopwatch:
    """The stopwatch for a device."""
    if device.type == "cuda":
        return Stopwatch(_gpu_clock, takes_lowest=False)
    return Stopwatch(_cpu_clock, takes_lowest=True)


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on a single thread meanwhile: more of them wait for one another, and for others."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _warm_up(run: Run, times: int = _WARM_UPS) -> None:
    for _ in range(times):
        run()


def _cpu_clock(run: Run) -> float:
    """By the thread's own clock, which stands while others have the processor.

    With one thread and nothing to wait for it is the time on the wall of an idle machine.
    """
    started = time.thread_time_ns()
    run()
    return (time.thread_time_ns() - started) / 1e6


def _gpu_clock(run: Run) -> float:
    """By the device's own clock, from an idle device to the end of the last kernel."""
    started, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    started.record()
    run()
    ended.record()
    ended.synchronize()
    return float(started.elapsed_time(ended))
