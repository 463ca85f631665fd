"""Errors of workers: what is kept of them, and which of them end the worker."""

import threading

import pytest
import ray
import torch
from ray.exceptions import RayTaskError

from nas_tc.errors import DeviceError
from nas_tc.search.cluster_capacity import check_processor
from nas_tc.search.pool import error_line
from nas_tc.worker import Worker

ASSERTION = (
    "CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported "
    "at some other API call.\nCompile with `TORCH_USE_CUDA_DSA` to enable device-side assertions."
)


@ray.remote(num_cpus=0)
def raises(kind):
    if kind == "cuda":
        raise RuntimeError(ASSERTION)
    if kind == "odd":
        error = type("OddError", (Exception,), {})("odd\nand advice")
        error.lock = threading.Lock()  # it cannot be sent to another process
        raise error
    raise ValueError


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("cuda", "RuntimeError: CUDA error: device-side assert triggered"),
        ("odd", "OddError: odd"),
        ("empty", "ValueError: "),
    ],
)
def test_the_line_that_holds_the_error_is_kept(cluster, kind, line):
    with pytest.raises(RayTaskError) as raised:
        ray.get(raises.remote(kind))
    assert error_line(raised.value) == line


@pytest.mark.parametrize("call", ["begin", "advance"])
def test_a_worker_whose_gpu_is_lost_is_replaced(fresh_search, monkeypatch, tmp_path, call):
    struck, text = tmp_path / "struck", ASSERTION

    class Poisoned(Worker):
        """Fails once, and from then on with every call of its process."""

        lost = False

        def _struck(self, name):
            if name == call and not struck.exists():
                struck.touch()
                self.lost = True
            if self.lost:
                raise RuntimeError(text)

        def begin(self, *args):
            self._struck("begin")
            return super().begin(*args)

        def advance(self):
            self._struck("advance")
            return super().advance()

    monkeypatch.setattr("nas_tc.search.pool.Worker", Poisoned)
    record = fresh_search(trials=4)
    assert record.done == 4
    (failed,) = [trial for trial in record.trials if trial.state == "failed"]
    assert failed.reason == (
        "the device is lost to its worker: RuntimeError: CUDA error: device-side assert triggered"
    )
    again = [t for t in record.trials if t.architecture == failed.architecture]
    assert [trial.state for trial in again[1:]] in (["complete"], ["pruned"])


def test_cuda_is_refused_where_ray_counts_no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(DeviceError, match="torch sees a GPU here, but Ray counts none"):
        check_processor("cuda", 1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="torch sees no GPU here"):
        check_processor("cuda", 1)
