"""A pass on a GPU as a CUDA graph: replayed without the host, it takes the time of its kernels.

Launched one by one, the kernels of a small network wait for the host, some 10 us each: its time is
then that of the host's Python, and moves with the load of the host. A captured pass is launched as
a whole, and replays that are queued in a row wait for nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, inf
from typing import Any

import torch

from nas_tc._cuda_graph import capture_stream, captured_graph, renew_generator, why_not_captured

_SHORT_MS = 0.2  # of a graph, twenty times its launch: a shorter pass is captured several times
_LOOKS = 3  # at a graph, to see how long it takes: the shortest counts
_WARM_UPS = 3  # libraries choose algorithms and allocate in these; they cannot in a capture
_LEAST_MS = 2.0  # between the two events of a sample: they tick in half microseconds
_MORE = 1.2  # times the replays that 2 ms should need
_MOST_GROWTH = 10.0  # of the replays from one sample to the next
_LEAD = 0.25  # replays before the first event, as a share of those behind it
_MOST_LEAD = 2.0
_ATTEMPTS = 8  # samples that the host held up; then the shortest of them counts


@dataclass(slots=True)
class GraphRun:
    """A pass that is replayed from a CUDA graph, if it could be captured.

    Attributes:
        eager: The pass as the host launches it, kernel by kernel. It owns the network and images.
        graph: Its graph; None if the capture failed: calls then run `eager`.
        reason: Why there is no graph, on one line; empty if there is one.
        passes: Number of passes in the graph.
        replays: Number of replays in a sample, which `replay_ms` adjusts.
        lead: How many more keep the GPU busy meanwhile, as a share of them; adjusted likewise.
    """

    eager: Callable[[], None]
    graph: torch.cuda.CUDAGraph | None
    reason: str = ""
    passes: int = 1
    replays: int = 1
    lead: float = _LEAD

    def __call__(self) -> None:
        """Runs the pass, as often as the graph has it, without waiting for its end."""
        if self.graph is None:
            self.eager()
        else:
            self.graph.replay()


def captured(run: Callable[[], None], pool: Any = None) -> GraphRun:
    """Captures a pass in a CUDA graph, after three runs on the stream of the capture.

    A graph that would be over before the host has launched the next holds several passes.

    Args:
        run: Pass without a synchronisation; it works on the same tensors each time.
        pool: Memory pool that it shares with other graphs, from `torch.cuda.graph_pool_handle`:
            no two of them may run at once, and what one leaves in memory the next overwrites.
            None: a pool of its own.

    Returns:
        The graph, or the pass with the reason why it could not be captured.

    Raises:
        RuntimeError: The pass fails for another reason, such as a lack of memory.
    """
    before = torch.cuda.current_stream()
    stream = capture_stream(torch.device("cuda", torch.cuda.current_device()))
    stream.wait_stream(before)
    with torch.cuda.stream(stream):
        for _ in range(_WARM_UPS):
            run()
        try:
            found = GraphRun(run, _graph_of(run, 1, stream, pool))
            look_ms = min(_sample(found, 1)[0] for _ in range(_LOOKS))
            found.passes = ceil(_SHORT_MS / max(look_ms, 1e-3))
            if found.passes > 1:
                found.graph = _graph_of(run, found.passes, stream, pool)
        except RuntimeError as error:
            renew_generator()
            found = GraphRun(run, None, why_not_captured(error))
    before.wait_stream(stream)
    return found


def launched_alike(
    runs: Sequence[Callable[[], None]],
) -> tuple[list[Callable[[], None]], str | None]:
    """Passes that can be compared: all are replayed, or all launched by the host.

    Args:
        runs: Passes to compare.

    Returns:
        The passes, and why the host launches them: one of them could not be captured. None if all
        are as they were given.
    """
    reasons = (run.reason for run in runs if isinstance(run, GraphRun))
    reason = next(filter(None, reasons), None)
    if reason is None:
        return list(runs), None
    return [run.eager if isinstance(run, GraphRun) else run for run in runs], reason


def replay_ms(run: GraphRun) -> float:
    """Milliseconds of a pass: the mean of so many replays in a row that they take 2 ms together.

    A sample counts if all of its replays were queued before the first of them began, so that the
    GPU cannot have waited for the host. Otherwise it is taken again, behind more replays that keep
    the GPU busy meanwhile; after eight samples the shortest counts, since waiting only adds time.

    Args:
        run: Pass with a graph.
    """
    least_ms = inf
    for _ in range(_ATTEMPTS):
        total_ms, was_queued = _sample(run, run.replays)
        while total_ms < _LEAST_MS:
            growth = min(_MORE * _LEAST_MS / max(total_ms, 1e-3), _MOST_GROWTH)
            run.replays = ceil(run.replays * growth)
            total_ms, was_queued = _sample(run, run.replays)
        pass_ms = total_ms / (run.replays * run.passes)
        if was_queued:
            return pass_ms
        least_ms = min(least_ms, pass_ms)
        run.lead = min(2 * run.lead, _MOST_LEAD)
    return least_ms


def eager_ms(run: Callable[[], None]) -> float:
    """Milliseconds from an idle GPU to the end of the last kernel, launches included."""
    started, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    started.record()
    run()
    ended.record()
    ended.synchronize()
    return float(started.elapsed_time(ended))


def _graph_of(
    run: Callable[[], None], passes: int, stream: torch.cuda.Stream, pool: Any
) -> torch.cuda.CUDAGraph:
    """A graph of so many passes in a row."""

    def in_a_row() -> None:
        for _ in range(passes):
            run()

    return captured_graph(in_a_row, stream, pool)


def _sample(run: GraphRun, replays: int) -> tuple[float, bool]:
    """Milliseconds of replays in a row, and whether all were queued before the first one began."""
    assert run.graph is not None
    started, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    for _ in range(ceil(replays * run.lead)):
        run.graph.replay()
    started.record()
    for _ in range(replays):
        run.graph.replay()
    ended.record()
    was_queued = not started.query()
    ended.synchronize()
    return float(started.elapsed_time(ended)), was_queued
