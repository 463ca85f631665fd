"""Captures of CUDA graphs: work that a GPU repeats and that is launched as a whole."""

from collections.abc import Callable, Iterator
from typing import Any

import torch


def captured_graph(
    run: Callable[[], object], stream: torch.cuda.Stream, pool: Any = None
) -> torch.cuda.CUDAGraph:
    """The graph of a function's kernels. They are recorded, not run.

    The function must have run on the stream before: libraries choose algorithms and allocate at
    their first call, and cannot in a capture.

    Args:
        run: Function without a synchronisation; it works on the same tensors each time.
        stream: Stream to record on; not the default one.
        pool: Memory pool that the graph shares with others, from `torch.cuda.graph_pool_handle`;
            None: a pool of its own.

    Raises:
        RuntimeError: The capture failed, or the function did.
    """
    graph = torch.cuda.CUDAGraph()
    # `torch.cuda.graph` does not go back to the old stream when a capture fails; this context does.
    # Threads that read images ahead must not end the capture, hence "thread_local".
    with (
        torch.cuda.stream(stream),
        torch.cuda.graph(graph, pool=pool, stream=stream, capture_error_mode="thread_local"),
    ):
        run()
    return graph


def why_not_captured(error: RuntimeError) -> str:
    """The first line of the error that ended a capture; raises it if it is about something else.

    Leaving the capture raises an error of its own, which hides the first one.
    """
    found = list(_with_causes(error))
    first = found[-1]
    about_capture = any("captur" in str(each).lower() for each in found)
    if isinstance(first, torch.OutOfMemoryError) or not about_capture:
        raise first
    return f"{type(first).__name__}: {(str(first).strip().splitlines() or [''])[0]}"


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
