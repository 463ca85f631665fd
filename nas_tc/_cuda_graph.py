"""Captures of CUDA graphs: work that a GPU repeats and that is launched as a whole."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import torch

from nas_tc.errors import first_line

_ENDS = ("_cuda_endAllocateToPool", "_cuda_endAllocateCurrentStreamToPool")  # of torch 2.8, before


@cache
def capture_stream(device: torch.device) -> torch.cuda.Stream:
    """The stream of this process for captures on a GPU, and for the runs before them.

    There is but one, since cuBLAS and torch's allocator keep memory for each stream.

    Args:
        device: The GPU.
    """
    return torch.cuda.Stream(device)


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
    pool = torch.cuda.graph_pool_handle() if pool is None else pool
    graph = torch.cuda.CUDAGraph()
    # `torch.cuda.graph` does not go back to the old stream when a capture fails; this context does.
    # Threads that read images ahead must not end the capture, hence "thread_local".
    try:
        with (
            torch.cuda.stream(stream),
            torch.cuda.graph(graph, pool=pool, stream=stream, capture_error_mode="thread_local"),
        ):
            run()
    except RuntimeError:
        _leave_pool(pool)
        raise
    return graph


def why_not_captured(error: RuntimeError) -> str:
    """The first line of the error that ended a capture; raises it if it is about something else.

    Leaving the capture raises an error of its own, which hides the first one.
    """
    found = list(_with_causes(error))
    first = found[-1]
    about_capture = any("captur" in str(each).lower() for each in found)
    if isinstance(first, torch.OutOfMemoryError) or not about_capture:
        raise first from None
    return f"{type(first).__name__}: {first_line(str(first))}"


def renew_generator(device: torch.device | None = None) -> None:
    """Lets drop-out go on after a failed capture, in which torch leaves its generator.

    Without it the next random number raises "Offset increment outside graph capture".

    Args:
        device: GPU of the capture; None: the current one.
    """
    index = torch.cuda.current_device() if device is None or device.index is None else device.index
    generator = torch.cuda.default_generators[index]
    generator.graphsafe_set_state(generator.clone_state())  # a clone is in no capture


def _leave_pool(pool: Any) -> None:
    """Makes torch's allocator leave a capture that failed.

    Torch before 2.13 stays in it: the next `torch.cuda.empty_cache` fails, and the memory of the
    capture is never free again (github.com/pytorch/pytorch/pull/180395).
    """
    end = next((getattr(torch._C, name) for name in _ENDS if hasattr(torch._C, name)), None)
    if end is not None:
        with suppress(RuntimeError):  # it has left, and the graph gives the memory back
            end(torch.cuda.current_device(), pool)
            torch._C._cuda_releasePool(torch.cuda.current_device(), pool)


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
