"""Several workers on one GPU, with a GPU that only Ray believes in."""

import subprocess
import sys

import pytest

from nas_tc.errors import DeviceError, NasTcError

SHARED = """
import os, sys
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import ray
from nas_tc.data import load_data
from nas_tc.errors import DeviceError
from nas_tc.search import pool as pool_module
from nas_tc.training import Recipe

class Sharer:
    def __init__(self, data, recipe, device, alone):
        self.device = device

    def begin(self, architecture, seed):
        return self.device, ray.get_gpu_ids()

pool_module.Worker = Sharer
ray.init(address="local", num_cpus=1, num_gpus=1, include_dashboard=False, log_to_driver=False,
         logging_level="ERROR")
data = load_data("digits", side=(8, 8))
for per_gpu in (3, 1):
    with pool_module.Pool(data, Recipe(), per_gpu=per_gpu) as pool:
        for number in range(pool.size):
            pool.begin(number, None, 0)  # all live at once, so they must share
        print(per_gpu, sorted(pool.next_result(100) for _ in range(pool.size)))
try:
    pool_module.Pool(data, Recipe(), per_gpu=2, workers=3)
except DeviceError as error:
    print(error)
"""


def test_workers_share_a_gpu():
    ran = subprocess.run(
        [sys.executable, "-c", SHARED], capture_output=True, text=True, check=False, timeout=170
    )
    assert ran.stdout.splitlines() == [
        "3 [(0, ('cuda', [0])), (1, ('cuda', [0])), (2, ('cuda', [0]))]",
        "1 [(0, ('cuda', [0]))]",
        "--workers 3: Ray has 1 GPU for 2 workers each; ask for fewer workers",
    ], ran.stderr


def test_without_a_gpu_nothing_is_shared(tiny_search):
    with pytest.raises(DeviceError, match="--per-gpu 2: networks share a GPU, and none is used"):
        tiny_search(per_gpu=2, device="cpu")
    with pytest.raises(NasTcError, match="per_gpu must be 1 or more, not 0"):
        tiny_search(per_gpu=0)
    with pytest.raises(NasTcError, match="as in 4GiB"):
        tiny_search(memory_limit="4")
