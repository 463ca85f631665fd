"""Errors of workers: what is kept of them, and which of them end the worker."""

import subprocess
import sys
import threading

import pytest
import ray
import torch
from ray.exceptions import RayActorError, RayTaskError

from nas_tc._ray import check_processor
from nas_tc.errors import DeviceError
from nas_tc.search.pool import _check_started, error_line
from nas_tc.study import read_study
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


SHARED = """
import os, sys
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import ray
from nas_tc.errors import DeviceError
from nas_tc.search import pool as pool_module

class Sharer:
    def __init__(self, data, recipe, device, alone, sharers, metric):
        self.device = device, sharers

    def begin(self, architecture, seed, state):
        return self.device, ray.get_gpu_ids()

pool_module.Worker = Sharer
ray.init(address="local", num_cpus=1, num_gpus=1, include_dashboard=False, log_to_driver=False,
         logging_level="ERROR")
for per_gpu in (3, 1):
    with pool_module.Pool(None, None, per_gpu=per_gpu) as pool:
        for number in range(pool.size):
            pool.begin(number, None, 0)  # all live at once, so they must share
        print(per_gpu, sorted(pool.next_result(100) for _ in range(pool.size)))
try:
    pool_module.Pool(None, None, per_gpu=2, workers=3)
except DeviceError as error:
    print(error)
"""


def test_workers_share_a_gpu():
    ran = subprocess.run(
        [sys.executable, "-c", SHARED], capture_output=True, text=True, check=False, timeout=500
    )
    assert ran.stdout.splitlines() == [
        "3 [(0, (('cuda', 3), [0])), (1, (('cuda', 3), [0])), (2, (('cuda', 3), [0]))]",
        "1 [(0, (('cuda', 1), [0]))]",
        "--workers 3: Ray has 1 GPU for 2 workers each; ask for fewer workers",
    ], ran.stderr


KILLED = """
import os, signal
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import ray
from nas_tc.search import pool as pool_module

class Sharer:
    def __init__(self, *_, **__):
        pass

    def begin(self, architecture, seed, state):
        if seed == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return ray.get_gpu_ids()

pool_module.Worker = Sharer
ray.init(address="local", num_cpus=1, num_gpus=2, include_dashboard=False, log_to_driver=False,
         logging_level="ERROR")
with pool_module.Pool(None, None, per_gpu=2) as pool:
    for number in range(pool.size):
        pool.begin(number, None, seed=number)
    answers = dict(pool.next_result(100) for _ in range(pool.size))
    print(pool.size, type(answers.pop(1)).__name__, pool.busy)
    places = [answers[number][0] for number in sorted(answers)]
    pool.release(1)
    pool.begin("again", None, seed=9)
    key, (place,) = pool.next_result(100)
    print(key, sorted([*places, place]))
"""


@pytest.mark.faults  # it starts a Ray of its own
def test_a_killed_worker_is_replaced_on_the_gpu_that_it_shared():
    ran = subprocess.run(
        [sys.executable, "-c", KILLED], capture_output=True, text=True, check=False, timeout=500
    )
    ours = [line for line in ran.stdout.splitlines() if "(raylet)" not in line]
    assert ours == ["4 LostError 4", "again [0, 0, 1, 1]"], ran.stderr


def test_workers_that_cannot_start_end_the_search(fresh_search, tmp_path, monkeypatch):
    class Unfit:
        def __init__(self, *_, **__):
            raise DeviceError("the GPU has no room; use --device cpu")

        def begin(self, architecture, seed, state):
            pass

    monkeypatch.setattr("nas_tc.search.pool.Worker", Unfit)
    with pytest.raises(DeviceError, match=r"^the GPU has no room; use --device cpu$"):
        fresh_search()
    assert read_study(tmp_path / "study.db").done == 0
    monkeypatch.undo()
    assert fresh_search(trials=1).done == 1  # nothing is lost


@pytest.mark.parametrize(
    ("error", "complaint"),
    [
        ("nas_tc.errors.DataError: x.npy: cannot be mapped", "x.npy: cannot be mapped"),
        ("OSError: no such driver", "a worker cannot start: OSError: no such driver"),
    ],
)
def test_what_stops_a_worker_at_its_start_is_one_line(error, complaint):
    died = RayActorError(error_msg=f"The actor died\n  File\n{error}\n", actor_init_failed=True)
    with pytest.raises(DeviceError, match=f"^{complaint}$"):
        _check_started(died)
    _check_started(RayActorError(error_msg=error))  # later: another worker may fare better
