"""The start of Ray, and the memory of its workers."""

import os
import shutil
import subprocess
import sys

import pytest

from nas_tc import _ray, _ray_start
from nas_tc._ray import ray_has_gpu
from nas_tc.data import load_data
from nas_tc.errors import DeviceError
from nas_tc.recipe import Recipe
from nas_tc.search.pool import Pool


@pytest.fixture
def started(monkeypatch):
    """What Ray's processes find in their environment."""
    found = {}
    monkeypatch.setattr(_ray.ray, "is_initialized", lambda: False)
    monkeypatch.setattr(_ray.ray, "init", lambda **_: found.update(os.environ))
    return found


def test_workers_that_train_have_the_allocator_that_is_faster(started, monkeypatch):
    monkeypatch.delenv("MALLOC_CONF", raising=False)
    assert _ray.start_ray(None, 2)
    assert started["RAY_LD_PRELOAD_ON_WORKERS"] == "1"
    assert "thp:always" in started["MALLOC_CONF"]
    assert "MALLOC_CONF" not in os.environ  # nothing is left in ours
    monkeypatch.setenv("MALLOC_CONF", "thp:never")
    _ray.start_ray(None, 2)
    assert started["MALLOC_CONF"] == "thp:never"  # the user's word counts


def test_workers_that_read_the_clock_have_that_of_other_programs(started, monkeypatch):
    monkeypatch.delenv("MALLOC_CONF", raising=False)
    _ray.start_ray(None, 2, True)
    assert "MALLOC_CONF" not in started


ALONE = """
import subprocess, time
import ray
from nas_tc._ray import start_ray
assert start_ray(None, 1)
time.sleep(3)  # in which the raylet would begin to start them
raylet = ray._private.worker._global_node.all_processes["raylet"][0].process.pid
command = ["ps", "-o", "args=", "--ppid", str(raylet)]
print(subprocess.run(command, capture_output=True, text=True).stdout)
ray.shutdown()
"""


@pytest.mark.skipif(shutil.which("ps") is None, reason="needs ps")
def test_no_process_waits_for_work(tmp_path):
    """Ray would start one a core, each with 60 MB and a second of a processor."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "Agent" in done.stdout or "agent" in done.stdout  # these are the raylet's processes
    assert "IDLE" not in done.stdout


def test_far_more_workers_than_cores_are_refused(monkeypatch):
    monkeypatch.setattr(_ray.ray, "is_initialized", lambda: False)
    monkeypatch.setattr(_ray.ray, "init", pytest.fail)
    monkeypatch.setattr(_ray.os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    with pytest.raises(DeviceError, match="--workers 17: 16 are the most for 2 processor"):
        _ray.start_ray(None, 17)


def test_a_command_that_is_no_utf8_is_text_for_ray(monkeypatch):
    seen = []
    utils = _ray.ray._private.utils
    monkeypatch.setattr(_ray.ray, "is_initialized", lambda: False)
    monkeypatch.setattr(_ray.ray, "init", lambda **_: seen.append(utils.get_entrypoint_name()))
    own = lambda: os.fsdecode(b"nas-tc search --data imagefolder:caf\xe9")  # noqa: E731
    monkeypatch.setattr(utils, "get_entrypoint_name", own)
    _ray.start_ray(None, 1)
    assert seen == [r"nas-tc search --data imagefolder:caf\udce9"]
    assert utils.get_entrypoint_name is own


def test_a_gpu_that_torch_is_not_built_for_is_none(monkeypatch):
    monkeypatch.setattr("ray.cluster_resources", lambda: {"GPU": 1.0, "CPU": 2.0})
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert not ray_has_gpu(local=True)
    assert ray_has_gpu(local=False)  # it is another machine that trains
    monkeypatch.setattr("nas_tc.search.pool.start_ray", lambda *_: True)
    monkeypatch.setattr("ray.shutdown", lambda: None)
    with pytest.raises(DeviceError, match="torch sees no GPU here; use --device cpu"):
        Pool(load_data("digits", side=(8, 8)), Recipe(), device="cuda")


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "No such file or directory", "/proc/nowhere"),
        OSError("AF_UNIX path length cannot exceed 107 bytes: /a/long/path"),
        Exception("The current node timed out during startup.\nThis could happen because"),
    ],
)
def test_a_ray_that_has_no_folder_says_so_in_a_line(monkeypatch, error):
    def refused(**_):
        raise error

    monkeypatch.setattr(_ray.ray, "is_initialized", lambda: False)
    monkeypatch.setattr(_ray.ray, "init", refused)
    with pytest.raises(DeviceError, match=r"Ray cannot start: .*let RAY_TMPDIR name") as raised:
        _ray.start_ray(None, 1)
    assert "\n" not in str(raised.value)


def test_a_ray_that_is_slow_to_start_is_started_again(monkeypatch):
    """On a busy machine Ray's processes do not always answer in time."""
    tries, notes = [], []

    def slow(**_):
        tries.append(1)
        if len(tries) < 3 + is_hopeless:
            raise Exception("The current node timed out during startup.")  # noqa: TRY002

    monkeypatch.setattr(_ray.ray, "is_initialized", lambda: False)
    monkeypatch.setattr(_ray.ray, "init", slow)
    monkeypatch.setattr("nas_tc._ray_start._SLOW_S", 0.0)
    is_hopeless = False
    assert _ray.start_ray(None, 1, False, notes.append)
    assert notes == ["Ray did not start within 0 s; starting it again"] * 2
    tries.clear()
    is_hopeless = True
    with pytest.raises(DeviceError, match=r"timed out during startup \(3 times\); try again when"):
        _ray.start_ray(None, 1)
    assert len(tries) == 3


def test_a_raylet_that_answers_late_is_waited_for(monkeypatch):
    answers = [RuntimeError("no such node"), RuntimeError("no such node"), {"node_id": "1"}]

    def look(address, name):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr("nas_tc._ray_start.time.sleep", lambda _: None)
    monkeypatch.setattr(_ray.ray._private.services, "get_node", look)
    with _ray_start._changed_ray():
        assert _ray.ray._private.services.get_node("here", "1") == {"node_id": "1"}
    assert _ray.ray._private.services.get_node is look
    with _ray_start._changed_ray():
        answers.append(RuntimeError("no such node"))
        monkeypatch.setattr("nas_tc._ray_start._WAIT_S", -1.0)
        with pytest.raises(RuntimeError, match="no such node"):
            _ray.ray._private.services.get_node("here", "1")


@pytest.mark.parametrize(
    ("visible", "gpus"),
    [
        (None, None),
        ("", None),
        ("0,1", None),
        ("GPU-1,GPU-2", None),
        ("MIG-1", 1),
        ("MIG-1, MIG-2,MIG-3", 3),  # of one GPU, which Ray would count once
    ],
)
def test_instances_of_a_divided_gpu_count_as_gpus(monkeypatch, visible, gpus):
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    told = {}
    monkeypatch.setattr(_ray.ray, "is_initialized", lambda: False)
    monkeypatch.setattr(_ray.ray, "init", lambda **how: told.update(how))
    _ray.start_ray(None, 2)
    assert told["num_gpus"] == gpus
