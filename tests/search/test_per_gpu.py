"""Several workers on one GPU, with a GPU that only Ray believes in."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from ray.exceptions import RayActorError

from nas_tc.data import load_data
from nas_tc.errors import DeviceError, NasTcError
from nas_tc.search.pool import _check_started
from nas_tc.study import read_study
from nas_tc.training import Images
from nas_tc.worker.worker import _images_note

SHARED = """
import os, sys
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import ray
from nas_tc.errors import DeviceError
from nas_tc.search import pool as pool_module

class Sharer:
    def __init__(self, data, recipe, device, alone, sharers):
        self.device = device, sharers

    def begin(self, architecture, seed):
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


def test_without_a_gpu_nothing_is_shared(tiny_search):
    with pytest.raises(DeviceError, match="--per-gpu 2: networks share a GPU, and none is used"):
        tiny_search(per_gpu=2, device="cpu")
    with pytest.raises(NasTcError, match="per_gpu must be 1 or more, not 0"):
        tiny_search(per_gpu=0)
    with pytest.raises(NasTcError, match="as in 4GiB"):
        tiny_search(memory_limit="4")


def test_workers_that_cannot_start_end_the_search(fresh_search, tmp_path, monkeypatch):
    class Unfit:
        def __init__(self, *_, **__):
            raise DeviceError("the GPU has no room; use --device cpu")

        def begin(self, architecture, seed):
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


def test_what_is_said_of_images_that_the_gpu_has_no_room_for():
    data = load_data("digits", side=(8, 8))
    images = Images(torch.from_numpy(data.train.images), torch.from_numpy(data.train.labels))
    assert _images_note(data, images) is None
    note = _images_note(data, replace(images, streamed=True))
    assert note.startswith("the 1,079 training images take 0.1 MiB, more than half of what")
