"""CUDA graphs on the processor: a capture records operations of torch, a replay runs them again.

Like a GPU, a capture leaves all values as they were, and a replay works on the memory of the
capture, whatever the tensors are called meanwhile. So a test sees with real numbers what a graph
would compute. Operations within compiled libraries of nas-tc cannot be seen: tests switch them off.
"""

from contextlib import contextmanager
from functools import partial

import pytest
import torch
from simulated_gpu import on_stream
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from nas_tc._cuda_graph import _ENDS
from nas_tc.training import gpu_steps, norm_pool, sending

_RUNNING = {"native_batch_norm": (3, 4)}  # writes to these arguments, and its schema hides it


class Cuda:
    """What stands in for `torch.cuda`.

    Attributes:
        calls: Names of what was called, in order.
        looks: Functions that each replay calls before it begins.
        refusal: Error that a capture meets in its middle; None: none.
    """

    def __init__(self):
        self.calls = []
        self.looks = []
        self.refusal = None
        self.stream = Stream(self, "default")


class Stream:
    """A stream; everything runs at once and in order."""

    def __init__(self, cuda, name="side"):
        self.cuda, self.name = cuda, name

    def wait_stream(self, other):
        self.cuda.calls.append(f"{self.name} waits for {other.name}")

    def wait_event(self, event):
        self.cuda.calls.append(f"{self.name} waits for {event}")

    def record_event(self):
        return f"{self.name}'s event"


class Graph:
    """The recorded operations."""

    def __init__(self, cuda):
        self.cuda = cuda
        self.operations = []

    @torch.no_grad()
    def replay(self):
        self.cuda.calls.append("replay")
        for look in self.cuda.looks:
            look()
        for func, args, kwargs, outs in self.operations:
            found = func(*args, **kwargs)
            if not _written(func, args, kwargs):
                for old, new in zip(_tensors(outs), _tensors(found), strict=True):
                    old.copy_(new)


class _Recorder(TorchDispatchMode):
    def __init__(self, graph):
        super().__init__()
        self.graph = graph
        self.before = {}  # bytes of memory that was written to, by its address

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        hidden = [args[at] for at in _RUNNING.get(func.overloadpacket.__name__, ())]
        for tensor in (*_written(func, args, kwargs), *_tensors(hidden)):
            memory = tensor.untyped_storage()
            self.before.setdefault(memory.data_ptr(), (memory, memory.clone()))
        found = func(*args, **kwargs)
        if not _is_view(func):
            self.graph.operations.append((func, args, kwargs, found))
        return found

    def undo(self):
        for memory, was in self.before.values():
            memory.copy_(was)


def _tensors(values):
    return [each for each in tree_leaves(values) if isinstance(each, torch.Tensor)]


def _written(func, args, kwargs):
    """Tensors among the arguments that an operation writes to."""
    found = []
    for at, argument in enumerate(func._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            value = args[at] if at < len(args) else kwargs.get(argument.name)
            found += _tensors(value)
    return found


def _is_view(func):
    returns = func._schema.returns
    return any(each.alias_info and not each.alias_info.is_write for each in returns)


@pytest.fixture
def cuda(monkeypatch):
    """`torch.cuda` on the processor, with graphs that compute."""
    found = Cuda()

    @contextmanager
    def capture(graph, pool=None, stream=None, capture_error_mode="global"):
        assert found.stream is stream
        assert stream.name != "default"
        assert capture_error_mode == "thread_local"
        found.calls.append("capture")
        recorder, numbers = _Recorder(graph), torch.get_rng_state()
        try:
            with recorder:
                yield
                if found.refusal is not None:
                    raise found.refusal
        finally:
            recorder.undo()
            torch.set_rng_state(numbers)

    for name, value in {
        "CUDAGraph": lambda: Graph(found),
        "graph": capture,
        "graph_pool_handle": lambda: (0, 1),
        "current_device": lambda: 0,
        "current_stream": lambda _=None: found.stream,
        "stream": partial(on_stream, found),
    }.items():
        monkeypatch.setattr(torch.cuda, name, value)
    for name in (_ENDS[0], "_cuda_releasePool"):
        monkeypatch.setattr(torch._C, name, lambda *_: None, raising=False)
    monkeypatch.setattr(torch.Tensor, "record_stream", lambda *_: None)
    monkeypatch.setattr(norm_pool, "library", lambda: None)
    monkeypatch.setattr(sending, "pinned", lambda shape: torch.empty(*shape, dtype=torch.uint8))
    monkeypatch.setattr(gpu_steps, "capture_stream", lambda _: Stream(found))
    monkeypatch.setattr(sending, "_copy_stream", lambda _: Stream(found, "copy"))
    return found
