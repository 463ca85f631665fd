"""A worker that measures times."""

from judged_times import SLIM, judge

from nas_tc.data import load_data
from nas_tc.recipe import Recipe
from nas_tc.worker import Worker


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
