"""Reads the clock around one run: the thread's on a processor, the device's on a GPU.

On a GPU a captured pass is timed by its replays, and any other from its first launch.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from nas_tc.timing.cuda_graph import GraphRun, eager_ms, replay_ms

Run = Callable[[], None]
Clock = Callable[[Run], float]  # from a run to its milliseconds

LOW_QUARTILE = 0.25
MEDIAN = 0.5


def clock_of(device: torch.device) -> Clock:
    """The clock for what runs on a device."""
    return _cpu_clock if device.type == "cpu" else _gpu_clock


def counted_quantile(device: torch.device) -> float:
    """The quantile of a device's samples that counts.

    On a processor it is a low one, since other programs only ever add time; but not the lowest
    sample, which is from a rare moment when the core was idle otherwise: a long run has it more
    often than a short one. A GPU runs nothing else, and its clock errs to both sides.
    """
    return LOW_QUARTILE if device.type == "cpu" else MEDIAN


@contextmanager
def one_thread() -> Iterator[None]:
    """Keeps torch to a single thread; more of them wait for one another and for other programs."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _cpu_clock(run: Run) -> float:
    """Milliseconds by the clock of the thread, which stops while other programs run.

    With one thread that waits for nothing it is the time on the wall of an idle machine.
    """
    started = time.thread_time_ns()
    run()
    return (time.thread_time_ns() - started) / 1e6


def _gpu_clock(run: Run) -> float:
    """Milliseconds by the clock of the GPU."""
    if isinstance(run, GraphRun) and run.graph is not None:
        return replay_ms(run)
    return eager_ms(run)
