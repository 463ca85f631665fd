"""A worker that measures times."""

from contextlib import contextmanager

import torch
from judged_times import SLIM, judge

from nas_tc.data import load_data
from nas_tc.recipe import Recipe
from nas_tc.worker import Worker
from nas_tc.worker.worker import _whole_step


def test_a_worker_without_memory_to_measure_answers_so(monkeypatch):
    monkeypatch.setattr("nas_tc.worker.worker.settle_on_core", lambda: None)  # not our process
    worker = Worker(load_data("digits"), Recipe(epochs=1), "cpu", alone=True)
    request = judge("train_step<=1s@b128").request_for(SLIM)
    with monkeypatch.context() as patch:
        patch.setattr("nas_tc.training.memory.free_bytes", lambda *_: 1)
        assert "for 128 images a step, 0.0 GiB are free" in worker.time(request).diverged

    def without_memory(*_):
        raise MemoryError

    monkeypatch.setattr("nas_tc.worker.worker.measure", without_memory)
    assert worker.time(request).diverged.startswith("out of memory: about")


def test_a_step_on_a_gpu_ends_when_the_gpu_has_done_it(monkeypatch):
    """What is queued beyond the step would run while somebody else reads the clock."""
    events = []

    class Lock:
        @contextmanager
        def step(self):
            events.append("turn")
            yield
            events.append("over")

    monkeypatch.setattr("torch.cuda.synchronize", lambda device: events.append("waited"))
    with _whole_step(Lock(), torch.device("cuda")):
        events.append("step")
    assert events == ["turn", "step", "waited", "over"]
