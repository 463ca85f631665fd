"""Reads the clock around a run: the thread's own on a processor, the device's on a GPU."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

Run = Callable[[], None]
Clock = Callable[[Run], float]  # how many milliseconds a run takes


LOW_QUARTILE = 0.25
MEDIAN = 0.5


def clock_of(device: torch.device) -> Clock:
    """The clock for what runs on a device."""
    return _gpu_clock if device.type == "cuda" else _cpu_clock


def counted_quantile(device: torch.device) -> float:
    """Which of a device's samples count.

    On a processor a low one, for others only ever add time; not the lowest, which is a moment when
    whatever shares the core was idle, and that a short run meets sooner than a long one. A GPU
    runs nothing else, and its clock moves to both sides.
    """
    return MEDIAN if device.type == "cuda" else LOW_QUARTILE


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on a single thread meanwhile: more of them wait for one another, and for others."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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
