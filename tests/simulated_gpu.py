"""A simulated GPU behind `torch.cuda`: one queue in order, a host that launches, no device.

The host's clock advances with every launch, the GPU's with every kernel, and the GPU waits when its
queue is empty. Kernels take what a test says; operations of torch on the meta device become kernels
within `running`. So a test sees what events, captures and replays would measure.
"""

from contextlib import contextmanager, nullcontext
from functools import partial

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from nas_tc.timing import cuda_graph

META = torch.device("meta")  # stands for the GPU: shapes without memory
SYNCHRONIZED = "CUDA error: operation not permitted when stream is capturing\nadvice"
INVALIDATED = "CUDA error: operation failed due to a previous error during capture\nadvice"


class SimulatedGpu:
    """A host and a GPU with their clocks, milliseconds.

    Attributes:
        host_ms: Clock of the host.
        free_ms: Time at which the GPU has done all that is queued.
        launch_ms: Time of the host for the launch of a kernel.
        graph_launch_ms: The same of a graph.
        gap_ms: Time of the GPU before each graph.
        held_up: Function that gives the host's delay before the next launch, milliseconds.
        calls: Names of the calls of `torch.cuda`, in order.
        refuses_captures: Whether kernels wait for the GPU, which ends a capture.
        capture: Kernels of the graph that is being captured; None outside of a capture.
    """

    def __init__(self):
        self.host_ms = self.free_ms = self.gap_ms = 0.0
        self.launch_ms = self.graph_launch_ms = 0.01
        self.held_up = lambda: 0.0
        self.calls = []
        self.refuses_captures = False
        self.capture = None
        self.invalid = False
        self.stream = Stream(self, "default")

    def kernel(self, ms):
        """Launches a kernel that takes `ms`, or adds it to the graph."""
        if self.capture is not None:
            if self.refuses_captures:
                self.synchronize()
            self.capture.append(ms)
            return
        self._launch(self.launch_ms)
        self._run(ms)

    def run_of(self, *kernels_ms):
        """A pass of such kernels."""

        def run():
            self.calls.append(f"run on {self.stream.name}")
            for ms in kernels_ms:
                self.kernel(ms)

        return run

    def replay(self, kernels_ms):
        self._launch(self.graph_launch_ms)
        self._run(self.gap_ms + sum(kernels_ms))

    def synchronize(self, *_):
        self.calls.append("synchronize")
        if self.capture is not None:
            self.invalid = True
            raise RuntimeError(SYNCHRONIZED)
        self.host_ms = max(self.host_ms, self.free_ms)

    @contextmanager
    def running(self, ms_of):
        """Operations of torch become kernels, of `ms_of(name, arguments, result)` milliseconds."""
        with _Kernels(self, ms_of):
            yield

    def _launch(self, ms):
        self.host_ms += ms + self.held_up()

    def _run(self, ms):
        self.free_ms = max(self.free_ms, self.host_ms) + ms


class Stream:
    """A stream; all share one queue, since nothing here runs at the same time."""

    def __init__(self, gpu, name="side"):
        self.gpu, self.name = gpu, name

    def wait_stream(self, other):
        self.gpu.calls.append(f"{self.name} waits for {other.name}")


class Event:
    """An event, which happens when the GPU has done all that was queued before it."""

    gpu = None

    def __init__(self, *, enable_timing):
        assert enable_timing
        self.at_ms = None

    def record(self):
        self.gpu.calls.append("record")
        self.at_ms = max(self.gpu.free_ms, self.gpu.host_ms)

    def query(self):
        return self.at_ms <= self.gpu.host_ms

    def synchronize(self):
        self.gpu.host_ms = max(self.gpu.host_ms, self.at_ms)

    def elapsed_time(self, ended):
        return ended.at_ms - self.at_ms


class Graph:
    """A graph: the kernels that were captured."""

    gpu = None

    def __init__(self):
        self.kernels_ms = []

    def replay(self):
        self.gpu.calls.append("replay")
        self.gpu.replay(self.kernels_ms)


class Generator:
    """The generator of drop-out, which a failed capture leaves in the capture."""

    def __init__(self, gpu):
        self.gpu = gpu

    def clone_state(self):
        return "a clone"

    def graphsafe_set_state(self, state):
        self.gpu.calls.append(f"generator from {state}")


class _Capture:
    """`torch.cuda.graph`, which stays on its stream when leaving the capture fails."""

    def __init__(self, gpu, graph, pool=None, stream=None, capture_error_mode="global"):
        assert capture_error_mode == "thread_local"
        self.gpu, self.graph, self.stream = gpu, graph, stream

    def __enter__(self):
        self.gpu.synchronize()
        self.gpu.calls.append(f"capture on {self.stream.name}")
        self.before, self.gpu.stream = self.gpu.stream, self.stream
        self.gpu.capture, self.gpu.invalid = self.graph.kernels_ms, False

    def __exit__(self, *_):
        self.gpu.capture = None
        if self.gpu.invalid:
            raise RuntimeError(INVALIDATED)
        self.gpu.stream = self.before


class _Kernels(TorchDispatchMode):
    def __init__(self, gpu, ms_of):
        super().__init__()
        self.gpu, self.ms_of = gpu, ms_of

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        returns = func._schema.returns
        is_view = any(each.alias_info and not each.alias_info.is_write for each in returns)
        if not is_view:
            self.gpu.kernel(self.ms_of(func.overloadpacket.__name__, args, found))
        return found


@contextmanager
def on_stream(gpu, stream):
    """`torch.cuda.stream` of a simulated GPU."""
    before, gpu.stream = gpu.stream, stream
    try:
        yield
    finally:
        gpu.stream = before


@pytest.fixture
def gpu(monkeypatch):
    """A simulated GPU in the place of `torch.cuda`."""
    found = SimulatedGpu()

    for name, value in {
        "Event": type("Event", (Event,), {"gpu": found}),
        "CUDAGraph": type("CUDAGraph", (Graph,), {"gpu": found}),
        "graph": lambda graph, **how: _Capture(found, graph, **how),
        "graph_pool_handle": lambda: (0, 1),
        "current_device": lambda: 0,
        "current_stream": lambda: found.stream,
        "stream": partial(on_stream, found),
        "synchronize": found.synchronize,
        "default_generators": (Generator(found),),
    }.items():
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(cuda_graph, "capture_stream", lambda _: Stream(found))
    for name, call in {
        "_cuda_endAllocateToPool": "pool left",
        "_cuda_releasePool": "pool released",
    }.items():
        monkeypatch.setattr(
            torch._C, name, lambda *_, call=call: found.calls.append(call), raising=False
        )
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # none on "meta"
    return found
